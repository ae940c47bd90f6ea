"""The nodes that each task adds to a pipeline, as their names stand in ML Metadata and on Kubeflow."""

END = ("Evaluator", "ServingValidator", "Pusher")


def of_task(title: str, *roles: str) -> tuple[str, ...]:
    return tuple(f"{title}{role}" for role in (*roles, *END))


RECOMMENDATION_NODES = ("BasketRules", *of_task("Recommendation", "Examples", "Trainer", "Ranker", "Index"))
SEARCH_NODES = of_task("Search", "Examples", "Trainer", "Index")
CLASSIFICATION_NODES = of_task("Classification", "Examples", "Trainer")
SEGMENTATION_NODES = ("UserSegments", *of_task("Segmentation", "Examples", "Trainer"))
RESPONSE_NODES = of_task("Response", "Examples", "Trainer")
DEMAND_NODES = ("DemandPlanner", *of_task("Demand", "Examples", "Trainer"))
SUPPORT_NODES = of_task("Support", "Examples", "Trainer")
WRITING_NODES = of_task("Writing", "Examples", "Trainer")
