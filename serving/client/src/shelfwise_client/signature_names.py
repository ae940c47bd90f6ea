"""Names of the served signatures, and of the inputs that several of them have."""

SERVING_DEFAULT = "serving_default"
FILTERED = "filtered"
EXAMPLES = "examples"
EXPLAIN = "explain"
EVALUATE = "evaluate"
COMPARE = "compare"
EMBED = "embed"
SIMILAR_PRODUCTS = "similar_products"
BOUGHT_TOGETHER = "bought_together"
BY_IMAGE = "by_image"
REFINED = "refined"
PRODUCT_FACTS = "product_facts"
PERSONAL = "personal"
COMPLEMENTS = "complements"
RANK_OFFERS = "rank_offers"
REPLY = "reply"
VARIANTS = "variants"
CHECK = "check"
WITH_IMAGE = "with_image"

# The field of a model's metadata that holds its signatures.
SIGNATURE_DEF_FIELD = "signature_def"

# A history: ids of products, types of events, and how long ago each was, the newest last.
HISTORY_INPUTS = ("history_ids", "history_types", "history_age_seconds")

# Past impressions of a user: what was shown, the outcome that came of each, and how long ago it was shown.
SHOWN_INPUTS = ("shown_ids", "shown_outcomes", "shown_age_seconds")
