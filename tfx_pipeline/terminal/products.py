"""Products of an answer as people see them."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from tfx_pipeline.terminal.console import console, listing

if TYPE_CHECKING:
    from serving.client import Answer

# Products that share a title are one row to a person, so more are asked for than are shown.
PRODUCTS_PER_TITLE = 5


def print_answers(answer: Sequence["Answer"], k: int, as_json: bool) -> None:
    """Prints JSON as it came, or a table with one row a title."""
    if as_json:
        console.print_json(json.dumps([asdict(product) for product in answer], ensure_ascii=False))
        return
    if not answer:
        console.print("no product fits")
        return
    table = listing("score", "product id", "title", figures=1, cut=True)
    best: dict[str, Answer] = {}
    alike: dict[str, int] = {}
    for product in answer:
        best.setdefault(product.title, product)
        alike[product.title] = alike.get(product.title, 0) + 1
    for title in list(best)[:k]:
        more = f" (and {alike[title] - 1} alike)" if alike[title] > 1 else ""
        table.add_row(f"{best[title].score:.3f}", best[title].product_id, f"{title}{more}")
    console.print(table)
