"""What the served and the waiting version of a model answer, side by side, for a person who has to decide."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.

from components.recommendation.judging.served_ranking import ServedRanking
from components.recommendation.judging.user_products import bought_products
from components.search.judging.query_judge import served_ranking
from serving.model_names import RECOMMENDATION_MODEL, SEARCH_MODEL
from tfx_pipeline.summary.state import PartState
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.recommendation.judged_users import load_judged_users
from trainer.search.queries import load_queries

_ASKED, _SHOWN = 20, 5
_LATEST = 3


class Answers(NamedTuple):
    """What two versions answer to one question.

    Attributes:
        asked: A query; of a user the latest products, without any id of the user.
        served: Titles that the served version answers, best first.
        waiting: Those of the waiting one.
    """

    asked: str
    served: list[str]
    waiting: list[str]


def side_by_side(model: str, part: PartState, served: str) -> list[Answers]:
    """Asks two versions for twenty test users, or twenty test queries; the same ones each time.

    Args:
        model: The model's name; of others than recommendation and search there is nothing to show.
        part: What the waiting version was made with, and where it waits.
        served: Folder of the served version; empty where there is none.
    """
    ask = _ASK.get(model)
    if ask is None or not served:
        return []
    node = f"{model.capitalize()}Examples"
    return ask(part.outputs[f"{node}.examples"], part.outputs[f"{node}.catalogue"], served, part.pushed)


def _ask_recommendation(examples: str, catalogue_uri: str, served: str, waiting: str) -> list[Answers]:
    catalogue, facts = load_catalogue(catalogue_uri), load_catalogue_facts(catalogue_uri)
    titles = catalogue["title"].to_pylist()
    users = load_judged_users(examples, "test", most=_ASKED)
    bought = bought_products(users, facts["event_types"].index(facts["bought_event_type"]))
    lists = [
        ServedRanking(path, catalogue["product_id"], facts["event_types"], facts["bought_event_type"])
        .lists(users, _SHOWN, bought)
        .every
        for path in (served, waiting)
    ]
    return [
        Answers(
            ", ".join(titles[product] for product in users.history_index[users.history(row)][-_LATEST:]),
            *(_titles(titles, each[row]) for each in lists),
        )
        for row in range(len(users))
    ]


def _ask_search(examples: str, catalogue_uri: str, served: str, waiting: str) -> list[Answers]:
    catalogue = load_catalogue(catalogue_uri)
    titles = catalogue["title"].to_pylist()
    index = {product_id.encode(): row for row, product_id in enumerate(catalogue["product_id"].to_pylist())}
    queries = load_queries(examples, "test").queries[:_ASKED]
    # A model has to live as long as it is asked.
    models = [tf.saved_model.load(path) for path in (served, waiting)]
    lists = [served_ranking(model, index)(queries, _SHOWN) for model in models]
    return [Answers(query, *(_titles(titles, each[row]) for each in lists)) for row, query in enumerate(queries)]


def _titles(titles: list[str], products: np.ndarray) -> list[str]:
    """Returns the titles of an answer; a product that is gone has none."""
    return [titles[product] if product >= 0 else "(gone)" for product in products[:_SHOWN]]


_ASK: Mapping[str, Callable[[str, str, str, str], list[Answers]]] = {
    RECOMMENDATION_MODEL: _ask_recommendation,
    SEARCH_MODEL: _ask_search,
}
