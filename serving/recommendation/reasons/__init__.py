"""Why a product is recommended: attributions that add up to its score, and reasons in words."""
