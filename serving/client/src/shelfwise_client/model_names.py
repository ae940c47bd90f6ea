"""Names that the models are served under."""

RECOMMENDATION_MODEL = "recommendation"
SEARCH_MODEL = "search"
CLASSIFICATION_MODEL = "classification"
SEGMENTATION_MODEL = "segmentation"
RESPONSE_MODEL = "response"
DEMAND_MODEL = "demand"
