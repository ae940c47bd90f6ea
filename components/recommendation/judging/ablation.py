"""The parts of a recommendation model, exported beside it so that the evaluation can tell what each adds."""

from tfx.dsl.io import fileio

from trainer.recommendation.ranker.trained_ranker import (
    WITH_RULES,
    WITHOUT_DAMPING,
    WITHOUT_KIND_PENALTY,
    WITHOUT_RULES,
    WITHOUT_TOWERS,
)

TOWERS = "towers"
# The whole model, without what is never recommended.
RECOMMENDABLE_ONLY = "recommendable_only"
# Of the ranker with and without rules a model has one, and of the adjustments those that it makes.
ABLATIONS = (
    TOWERS,
    WITHOUT_TOWERS,
    WITHOUT_DAMPING,
    WITHOUT_KIND_PENALTY,
    WITHOUT_RULES,
    WITH_RULES,
    RECOMMENDABLE_ONLY,
)


def ablation_path(model_uri: str, name: str) -> str:
    """Returns the folder of a part's SavedModel."""
    return f"{model_uri}/Ablation-{name}"


def ablation_paths(model_uri: str) -> dict[str, str]:
    """Returns the SavedModel of each part that was exported, by name; none where the model has no ranker."""
    paths = {name: ablation_path(model_uri, name) for name in ABLATIONS}
    return {name: path for name, path in paths.items() if fileio.exists(path)}
