"""How far bots and fake reviews move what a made-up shop recommends, and how much of that is left once filtered.

    python benchmarks/bots.py [--users 2000] [--share 0.05]

A share of all events is that of bots which push five products that nobody wants. In another shop people review what
they bought, and it is that of accounts which review the same five, and best sellers beside them, and buy nothing.
Recommended are the ten products that a linear model of histories names for each person (`linear_item_vectors`), and the
ten most popular ones. Moved is the share of places that have another product than without those events. Then
`rows_of_bots` and `unfounded_rows` leave out what they find.
"""

import sys
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import typer

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from components.tables.bots.acting import rows_of_bots, unfounded_rows
from components.tables.bots.options import BotOptions
from tfx_pipeline.datasets.synthetic_shop import SyntheticShop, event_rows
from trainer.recommendation.judged_users import JudgedUsers
from trainer.recommendation.towers.linear_item_vectors import linear_item_vectors

_K, _DIMENSIONS = 10, 64
_FILTER = BotOptions(only_after={"review": "purchase"})
_IntArray = npt.NDArray[np.int64]


def main(
    users: Annotated[int, typer.Option(min=100, help="People.")] = 2_000,
    share: Annotated[float, typer.Option(min=0.0, max=0.5, help="Of the events that are not honest.")] = 0.05,
) -> None:
    """Recommends without bots and fake reviews, with them, and with what is found of them filtered out."""
    print_machine("numpy", "scikit-learn")
    print_figures(
        {
            f"{what}_{name}": value
            for what, shop in {
                "bot": SyntheticShop(users=users, bot_share=share),
                "fake": SyntheticShop(users=users, review_share=0.3, fake_review_share=share),
            }.items()
            for name, value in moved_by(shop).items()
        }
    )


def moved_by(shop: SyntheticShop) -> dict[str, float | None]:
    """Returns how many of the dishonest events are found, and of the honest ones lost, and what they move."""
    events = event_rows(shop, 0, shop.accounts)
    who, product = (_numbers(events[name]) for name in ("user_id", "product_id"))
    when, types = events["timestamp"].to_numpy(), events["event_type"].to_numpy()
    dishonest = who >= shop.users
    found = rows_of_bots(who, product, when, _FILTER) | unfounded_rows(who, product, when, types, _FILTER.only_after)
    clean = _recommended(shop, who, product, when, ~dishonest)
    print(
        f"{shop.bots} bots and {shop.fake_reviewers} fake reviewers beside {shop.users} people, "
        f"{dishonest.mean():.2%} of {len(who)} events",
        flush=True,
    )
    figures: dict[str, float | None] = {
        "events_found": float(found[dishonest].mean()),
        "people_events_lost": float(found[~dishonest].mean()),
    }
    for name, kept in (("unfiltered", np.ones(len(who), np.bool_)), ("filtered", ~found)):
        lists = _recommended(shop, who, product, when, kept)
        for measure, made, before in zip(("moved", "popular_moved"), lists, clean, strict=True):
            figures[f"{measure}_{name}"] = float((made != before).mean())
    return figures


def _numbers(column: pa.ChunkedArray) -> _IntArray:
    """Returns the numbers that ids are made of."""
    return pc.utf8_slice_codeunits(column, 1).cast(pa.int64()).to_numpy()


def _recommended(
    shop: SyntheticShop, who: _IntArray, what: _IntArray, when: _IntArray, kept: npt.NDArray[np.bool_]
) -> tuple[_IntArray, _IntArray]:
    """Returns what is recommended to each person, `(users, 10)`, and what is popular, `(1, 10)`, best first."""
    who, what, when = who[kept], what[kept], when[kept]
    order = np.lexsort((when, who))
    offsets = np.searchsorted(who[order], np.arange(shop.accounts + 1))
    histories = JudgedUsers(
        user_ids=[b""] * shop.accounts,
        history_offsets=offsets,
        history_index=what[order].astype(np.int32),
        history_type=np.zeros(len(order), np.int32),
        history_time=when[order],
        query_time=np.full(shop.accounts, when.max()),
        target_offsets=np.zeros(shop.accounts + 1, np.int64),
        target_index=np.zeros(0, np.int32),
        window=np.zeros(shop.accounts, np.int32),
        attributes={},
    )
    vectors = linear_item_vectors(histories, shop.products, _DIMENSIONS, seed=0)
    counts = np.zeros((shop.users, shop.products), np.float32)
    people = who < shop.users
    np.add.at(counts, (who[people], what[people]), 1.0)
    personal = np.argsort(-(np.log1p(counts) @ vectors @ vectors.T), axis=1, kind="stable")[:, :_K]
    popular = np.argsort(-np.bincount(what, minlength=shop.products), kind="stable")[np.newaxis, :_K]
    return personal, popular


if __name__ == "__main__":
    typer.run(main)
