"""The parts of a recommendation model, exported beside it so that the evaluation can tell what each adds."""

from collections.abc import Iterable

from tfx.dsl.io import fileio

from trainer.artifacts.json_files import read_json, write_json
from trainer.recommendation.ranker.trained_ranker import (
    WITH_RULES,
    WITHOUT_DAMPING,
    WITHOUT_EXPOSURE_CAPS,
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
    WITHOUT_EXPOSURE_CAPS,
    WITHOUT_RULES,
    WITH_RULES,
    RECOMMENDABLE_ONLY,
)
# Those that can also be asked without the others.
ASKED_ALONE = (WITHOUT_DAMPING,)


def comparison_path(model_uri: str) -> str:
    """Returns the folder of the SavedModel that ranks by each part."""
    return f"{model_uri}/Comparison"


def write_ablations(model_uri: str, names: Iterable[str]) -> None:
    """Writes which parts that SavedModel ranks by."""
    write_json(_names_path(model_uri), sorted(names, key=_place))


def read_ablations(model_uri: str) -> list[str]:
    """Returns the names of the parts in the order of `ABLATIONS`, trainings of other seeds last; none without parts."""
    path = _names_path(model_uri)
    names: list[str] = read_json(path) if fileio.exists(path) else []
    return names


def _place(name: str) -> tuple[int, str]:
    return (ABLATIONS.index(name), "") if name in ABLATIONS else (len(ABLATIONS), name)


def _names_path(model_uri: str) -> str:
    return f"{model_uri}/comparison.json"
