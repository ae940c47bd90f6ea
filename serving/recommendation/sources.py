"""By what an answer of `bought_together` was found; nothing here loads TensorFlow."""

# In the order in which one falls back to the next; what the merchant relates stands before all of them.
SOURCES = ("product rules", "category rules", "towers", "merchant")
