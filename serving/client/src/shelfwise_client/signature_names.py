"""Names of the served signatures, and of the inputs that several of them have."""

SERVING_DEFAULT = "serving_default"
FILTERED = "filtered"
EXAMPLES = "examples"
EXPLAIN = "explain"
EVALUATE = "evaluate"
EMBED = "embed"
SIMILAR_PRODUCTS = "similar_products"
BOUGHT_TOGETHER = "bought_together"
COMPLEMENTS = "complements"

# The field of a model's metadata that holds its signatures.
SIGNATURE_DEF_FIELD = "signature_def"

# A history: ids of products, types of events, and how long ago each was, the newest last.
HISTORY_INPUTS = ("history_ids", "history_types", "history_age_seconds")
