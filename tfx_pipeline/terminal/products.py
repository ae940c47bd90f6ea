"""Products of an answer as people see them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.text import Text

from tfx_pipeline.terminal.console import console, listing

if TYPE_CHECKING:
    from serving.client import Answer, RecommendationReason

# Products that share a title are one row to a person, so more are asked for than are shown.
PRODUCTS_PER_TITLE = 5
_SHOWN_REASONS = 3


def print_answers(
    answer: Sequence["Answer"],
    k: int,
    as_json: bool,
    reasons: Mapping[str, Sequence["RecommendationReason"]] | None = None,
) -> None:
    """Prints JSON as it came, or a table with one row a title.

    Args:
        answer: The best product first.
        k: Rows at the most.
        as_json: Whether JSON is wanted.
        reasons: Why each product is there, the strongest first, by its id; of these the table has three.
    """
    why = reasons or {}
    if as_json:
        rows = [
            asdict(product)
            | ({"reasons": [asdict(each) for each in why[product.product_id]]} if product.product_id in why else {})
            for product in answer
        ]
        console.print_json(json.dumps(rows, ensure_ascii=False))
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
        for reason in why.get(best[title].product_id, ())[:_SHOWN_REASONS]:
            table.add_row(Text(f"{reason.attribution:+.3f}", style="dim"), "", Text(f"  {reason.reason}", style="dim"))
    console.print(table)
