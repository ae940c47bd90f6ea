"""What the checks of all tasks share: what they are given, how they run, and what is asked of any answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf

from serving.client import Answer, LabelAnswer, Shelfwise
from shelfwise_client.errors import ServingError
from trainer.artifacts.catalogue import load_catalogue

# Probabilities are float32.
_TOLERANCE = 1e-3
_SAMPLED_PRODUCTS = 5


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A model on a running server, as its checks come to know it.

    Attributes:
        name: Name that it is served under.
        path: Folder of its SavedModel.
        card: Content of its `assets.extra/model_card.json`; empty where it has none.
        catalogue_uri: The Catalogue artifact of its products; empty for a model without any.
    """

    name: str
    path: str = ""
    card: Mapping[str, Any] = field(default_factory=dict)
    catalogue_uri: str = ""


class ServingChecks(Protocol):
    """Asks a served model real requests."""

    def __call__(self, client: Shelfwise, model: ServedModel, /) -> list[str]:
        """Returns what is wrong with the answers, a line each; none means all is well."""


Known = TypeVar("Known")
Check = Callable[[Shelfwise, Known], list[str]]


def run_checks(checks: Mapping[str, Check[Known]], client: Shelfwise, known: Known) -> list[str]:
    """Runs the check of each signature and returns what is wrong, a line each."""
    reasons = []
    for signature, check in checks.items():
        try:
            found = check(client, known)
        except (ServingError, ValueError, KeyError) as error:
            found = [f"{type(error).__name__}: {error}"]
        reasons += [f"{signature}: {reason}" for reason in found]
    return reasons


@dataclass(frozen=True, kw_only=True)
class KnownProducts:
    """What the checks know of the catalogue.

    Attributes:
        product_ids: All of them.
        sample: Some of them, to ask with.
        titles: Titles of the sample.
        default_k: Products that `serving_default` answers.
    """

    product_ids: frozenset[str]
    sample: Sequence[str]
    titles: Sequence[str]
    default_k: int

    @classmethod
    def of(cls, model: ServedModel) -> "KnownProducts":
        """Reads the catalogue of a model, and takes products from all over it for the sample."""
        catalogue = load_catalogue(model.catalogue_uri)
        ids = catalogue.column("product_id").to_pylist()
        places = np.unique(np.linspace(0, len(ids) - 1, _SAMPLED_PRODUCTS).astype(int))
        return cls(
            product_ids=frozenset(ids),
            sample=[ids[place] for place in places],
            titles=catalogue.column("title").take(pa.array(places)).to_pylist(),
            default_k=model.card["limits"]["default_k"],
        )


def wrong_answers(answers: Sequence[Answer], products: KnownProducts) -> list[str]:
    """Returns what cannot be right in the answers to one request, whatever was asked."""
    ids = [answer.product_id for answer in answers]
    scores = np.array([answer.score for answer in answers])
    reasons = []
    if len(set(ids)) != len(ids):
        reasons.append("a product was answered twice")
    if not products.product_ids.issuperset(ids):
        reasons.append("a product was answered that the catalogue lacks")
    if not np.isfinite(scores).all():
        reasons.append("a score is not finite")
    elif (np.diff(scores) > 0).any():
        reasons.append("scores are not in descending order")
    return reasons


def wrong_count(answers: Sequence[Answer], expected: int) -> list[str]:
    """Returns a reason where there are not as many answers as expected."""
    return [] if len(answers) == expected else [f"expected {expected} products, got {len(answers)}"]


def wrong_labels(answers: Sequence[LabelAnswer], labels: frozenset[str], one: str) -> list[str]:
    """Returns what cannot be right in the labels of one text or user.

    Args:
        answers: Labels with their probabilities, which should be the most probable first.
        labels: The model's vocabulary.
        one: What a label is called.
    """
    probabilities = np.array([answer.probability for answer in answers])
    reasons = []
    if {answer.label for answer in answers} != labels or len(answers) != len(labels):
        reasons.append(f"the answer does not hold every {one} once")
    if not np.isfinite(probabilities).all() or abs(probabilities.sum() - 1.0) > _TOLERANCE:
        reasons.append("probabilities do not sum up to 1")
    elif (np.diff(probabilities) > 0).any():
        reasons.append("probabilities are not in descending order")
    return reasons


def wrong_shape(values: npt.NDArray[Any], expected: tuple[int, ...]) -> list[str]:
    """Returns a reason where an output has not the expected shape."""
    return [] if values.shape == expected else [f"expected shape {expected}, got {values.shape}"]


def padded_histories(
    client: Shelfwise, model: str, signature: str, product_ids: Sequence[str] = ()
) -> dict[str, npt.NDArray[Any]]:
    """Returns the inputs of a signature for two users: one with these products, one without any event.

    Returns:
        `history_ids` and `history_types` bytes `(2, width)`, padded with empty ones, and `history_age_seconds`
        float32 `(2, width)` of zeros; the width is the signature's.
    """
    width = client.input_shapes(model, signature)["history_ids"][1]
    ids = np.full((2, width), b"", object)
    for place, product_id in enumerate(product_ids[:width]):
        ids[0, place] = product_id.encode("utf-8", "surrogateescape")
    types = np.full((2, width), b"", object)
    return {"history_ids": ids, "history_types": types, "history_age_seconds": np.zeros((2, width), np.float32)}


def history_examples(product_ids: Sequence[str]) -> npt.NDArray[np.object_]:
    """Returns the same two users as serialized tf.Examples, bytes `(2,)`."""
    example = tf.train.Example()
    ids = [product_id.encode("utf-8", "surrogateescape") for product_id in product_ids]
    example.features.feature["history_ids"].bytes_list.value.extend(ids)
    return np.array([example.SerializeToString(), tf.train.Example().SerializeToString()], object)
