"""Names of the files of artifacts and of what is in them: said here, and used by all who write or read them.

A prefix names files that many workers write, one each; `shards` is the glob that finds them. What a model's folder
holds is named by those who write it: `trainer.exporting`, `trainer.fitting.training_summary`.
"""

# A table's examples.
TABLE_SPLIT = "all"
TABLE_PREFIX = "data"

# A task's examples, gzipped TFRecord in a folder of each split.
EXAMPLES_PREFIX = "examples"
EXAMPLES_SUFFIX = ".gz"

# Quarantine: rows that were refused, with their reasons, and how many there are of each reason.
QUARANTINE_PREFIX = "quarantine"
QUARANTINE_COUNTS_FILE = "counts.json"

# DataApproval.
APPROVAL_FILE = "approval.json"

# What the workers of a node counted, which the node reads back when they are done.
EVENT_COUNTS_FILE = "event_counts.json"
EXAMPLE_COUNTS_FILE = "example_counts.json"

# Catalogue. Its facts are the event types, the moments of the split, and counts.
CATALOGUE_FILE = "catalogue.parquet"
CATALOGUE_FACTS_FILE = "catalogue.json"
PRODUCT_STATISTICS_FILE = "product_statistics.parquet"

# TextVectors, PictureVectors, and the vectors that an index keeps beside its model.
TEXT_VECTORS_PREFIX = "vectors"
ITEM_VECTORS_PREFIX = "item_vectors"
PICTURE_VECTORS_PREFIX = "vectors"
TRAINED_TEXT_VECTORS_FOLDER = "trained_text_vectors"

# AssociationRules.
ITEMSETS_PREFIX = "itemsets"
RULES_PREFIX = "rules"
CATEGORY_PRODUCTS_PREFIX = "category_products"
RULES_FACTS_FILE = "rules.json"

# Labels.
LABELS_FILE = "labels.json"

# How the pictures of test texts look, beside a classifier that reads pictures.
TEST_LOOKS_FILE = "test_looks.parquet"
# What the labels' descriptions say of the test texts, beside a classifier.
ZERO_SHOT_FILE = "zero_shot.parquet"

# Evaluations of every task, and what ServingValidator says of a model.
EVALUATION_FILE = "evaluation.json"
VALIDATION_FILE = "validation.json"

# Segments.
SEGMENTS_PREFIX = "segments"
PROFILES_FILE = "profiles.json"
MAP_FILE = "map.parquet"

# UserProfileRows.
USER_PROFILES_PREFIX = "profiles"
CHANCES_FILE = "chances.json"
NEW_PRODUCTS_FILE = "new_products.json"

# What is expected of users and offers.
ANSWERS_PREFIX = "answers"

# A column of the users table stands in an example as a feature of this name and the column's.
ATTRIBUTE_PREFIX = "attribute_"

PARQUET_SUFFIX = ".parquet"
JSON_LINES_SUFFIX = ".jsonl"


def shard_names(prefix: str, suffix: str = PARQUET_SUFFIX) -> str:
    """Returns the glob of the names of the files of one prefix, such as `vectors-*.parquet`."""
    return f"{prefix}-*{suffix}"


def shards(folder: str, prefix: str, suffix: str = PARQUET_SUFFIX) -> str:
    """Returns the glob of the files of one prefix in a folder, such as `FOLDER/vectors-*.parquet`."""
    return f"{folder}/{shard_names(prefix, suffix)}"
