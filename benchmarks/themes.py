"""What a visitor gets who bought a few products of one theme: how many of the new answers fit the theme.

    python benchmarks/themes.py --root RUN [--themes FILE.yaml]

RUN is the root of a demo run that pushed a recommendation model. For each theme of the file (a name and a regular
expression over "category / title"), visitors are made up who bought six, three or one of its products, drawn at random
from those that sell, one a day up to yesterday. Eight products that they did not buy are asked for. Beside it, for the
six: item-kNN over users, co-occurrence divided by (n_i + 20)^.5 (n_j + 20)^.8 and added up over the history.
"""

import re
import sys
from pathlib import Path
from typing import Annotated, NamedTuple

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import typer
import yaml
from scipy.sparse import csr_matrix

from benchmarks.command_line import RecommendationRoot
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.pipeline_runs import served_model
from components.recommendation.judging.served_ranking import ServedRanking
from components.recommendation.judging.user_products import bought_products
from serving.graph.time_units import DAY_SECONDS
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.metrics.lists import shared_products
from trainer.recommendation.judged_users import JudgedUsers, load_judged_users

THEMES = Path(__file__).with_suffix(".yaml")
LENGTHS = (6, 3, 1)
ANSWERS = 8
VISITORS = 5
# What a made-up visitor buys has sold so often; what fits may be rarer.
LEAST_EVENTS = 30

_Members = dict[str, npt.NDArray[np.bool_]]


class Visitors(NamedTuple):
    """Visitors of one length of history, and the theme of each."""

    users: JudgedUsers
    themes: list[str]


def main(
    root: RecommendationRoot,
    themes: Annotated[Path, typer.Option(help="YAML: a regular expression by name of the theme.")] = THEMES,
) -> None:
    """Asks the run's model for every theme and prints the share of answers that fit."""
    print_machine("tensorflow")
    catalogue_uri = str(latest_artifact(root, "RecommendationExamples", "catalogue"))
    catalogue, facts = load_catalogue(catalogue_uri), load_catalogue_facts(catalogue_uri)
    members = theme_members(catalogue, yaml.safe_load(themes.read_text(encoding="utf-8")))
    bought = facts["event_types"].index(facts["bought_event_type"])
    model = ServedRanking(
        str(served_model(root, "RecommendationIndex")),
        catalogue["product_id"],
        facts["event_types"],
        facts["bought_event_type"],
    )
    sells = catalogue["event_count"].to_numpy() >= LEAST_EVENTS
    few = [theme for theme, member in members.items() if (member & sells).sum() < max(LENGTHS)]
    if few:
        raise typer.BadParameter(f"each theme needs {max(LENGTHS)} products of {LEAST_EVENTS} events; too few: {few}")
    figures: dict[str, float] = {}
    shares = {}
    for length in LENGTHS:
        visitors = make_visitors(members, sells, length, bought)
        lists = model.lists(visitors.users, ANSWERS, bought_products(visitors.users, bought)).novel
        shares[f"share_{length}"] = theme_shares(lists, visitors, members)
        if length == max(LENGTHS):
            examples_uri = str(latest_artifact(root, "RecommendationExamples", "examples"))
            nearest = neighbour_lists(histories(examples_uri, catalogue.num_rows), visitors.users)
            shares[f"knn_share_{length}"] = theme_shares(nearest, visitors, members)
            listed = lists[lists >= 0]
            figures["distinct_products"] = len(np.unique(listed))
            figures["shared_products"] = shared_products(listed, len(lists))
    for theme in members:
        print(f"{theme:22}", *(f"{name} {of[theme]:.2f}" for name, of in shares.items()))
    print_figures({name: float(np.mean(list(of.values()))) for name, of in shares.items()} | figures)


def theme_members(catalogue: pa.Table, patterns: dict[str, str]) -> _Members:
    """Returns which products are of each theme, bool `(products,)` by its name."""
    texts = pc.binary_join_element_wise(catalogue["category"], catalogue["title"], " / ").to_pylist()
    return {theme: np.array([bool(re.search(pattern, text)) for text in texts]) for theme, pattern in patterns.items()}


def make_visitors(members: _Members, sells: npt.NDArray[np.bool_], length: int, bought: int) -> Visitors:
    """Draws visitors of each theme, the same ones in every run, who bought a product a day, the last one yesterday."""
    random = np.random.default_rng(length)
    drawn = [
        random.choice(np.flatnonzero(member & sells), length, replace=False)
        for member in members.values()
        for _ in range(VISITORS)
    ]
    users, now = len(drawn), 1_500_000_000
    ages = np.arange(length, 0, -1) * DAY_SECONDS
    return Visitors(
        JudgedUsers(
            user_ids=[b"visitor"] * users,
            history_offsets=np.arange(users + 1, dtype=np.int64) * length,
            history_index=np.concatenate(drawn).astype(np.int32),
            history_type=np.full(users * length, bought, np.int32),
            history_time=np.tile(now - ages, users).astype(np.int64),
            query_time=np.full(users, now, np.int64),
            target_offsets=np.zeros(users + 1, np.int64),
            target_index=np.zeros(0, np.int32),
            window=np.zeros(users, np.int32),
            attributes={},
        ),
        [theme for theme in members for _ in range(VISITORS)],
    )


def theme_shares(lists: npt.NDArray[np.integer], visitors: Visitors, members: _Members) -> dict[str, float]:
    """Returns the share of the places of each theme's lists that a product of the theme stands in."""
    fits = np.stack([members[theme][row] & (row >= 0) for theme, row in zip(visitors.themes, lists, strict=True)])
    themes = np.array(visitors.themes)
    return {theme: float(fits[themes == theme].mean()) for theme in members}


def histories(examples_uri: str, products: int) -> csr_matrix:
    """Returns which of the test's users had which products before the test, float32 `(users, products)` of 1."""
    users = load_judged_users(examples_uri, "test")
    row = np.repeat(np.arange(len(users)), np.diff(users.history_offsets))
    had = csr_matrix((np.ones(len(row), np.float32), (row, users.history_index)), shape=(len(users), products))
    had.data[:] = 1.0
    return had


def neighbour_lists(had: csr_matrix, users: JudgedUsers) -> npt.NDArray[np.int64]:
    """Ranks by item-kNN what goes with each history, without the history itself: int64 `(users, ANSWERS)`."""
    counts = np.asarray(had.sum(axis=0)).ravel()
    lists = []
    for user in range(len(users)):
        products = users.history_index[users.history(user)]
        together = (had[:, products].T @ had).toarray()
        scores = (together / (counts[products, np.newaxis] + 20.0) ** 0.5).sum(axis=0) / (counts + 20.0) ** 0.8
        scores[products] = -1.0
        lists.append(np.argsort(-scores, kind="stable")[:ANSWERS])
    return np.stack(lists)


if __name__ == "__main__":
    typer.run(main)
