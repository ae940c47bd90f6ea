"""`shelfwise recommend`, `similar` and `together`: ask a running server; nothing here loads TFX or a model."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from serving.client import TogetherAnswer
from tfx_pipeline.terminal.asking import asking
from tfx_pipeline.terminal.console import console, listing
from tfx_pipeline.terminal.histories import print_as_of
from tfx_pipeline.terminal.products import PRODUCTS_PER_TITLE, print_answers
from tfx_pipeline.terminal.user_history import UserHistory


def recommend(
    history: UserHistory,
    *,
    k: int,
    category: str,
    max_price: float,
    in_stock_only: bool,
    include_bought: bool,
    explain: bool,
    address: str,
    as_json: bool,
) -> None:
    """Prints a user's next products."""
    with asking(address) as client:
        answer = client.recommend(
            history.product_ids,
            history_types=history.event_types,
            history_age_seconds=history.age_seconds,
            k=k if as_json else k * PRODUCTS_PER_TITLE,
            category=category,
            max_price=max_price,
            in_stock_only=in_stock_only,
            include_bought=include_bought,
        )
        reasons = {
            product.product_id: client.explain_recommendation(
                product.product_id, history.product_ids, history.event_types, history.age_seconds
            )
            for product in (answer if explain else ())
        }
    if not as_json:
        print_as_of(history)
    print_answers(answer, k, as_json, reasons)


def similar(product_id: str, *, k: int, address: str, as_json: bool) -> None:
    """Prints products like one."""
    with asking(address) as client:
        answer = client.similar(product_id, k=k if as_json else k * PRODUCTS_PER_TITLE)
    print_answers(answer, k, as_json)


def complements(product_id: str, *, k: int, address: str, as_json: bool) -> None:
    """Prints what goes with a product and is of another category."""
    with asking(address) as client:
        answer = client.complements(product_id, k=k)
    _print_together(answer, as_json)


def together(product_ids: Sequence[str], *, k: int, address: str, as_json: bool) -> None:
    """Prints what is bought together with some products."""
    with asking(address) as client:
        answer = client.bought_together(product_ids, k=k)
    _print_together(answer, as_json)


def _print_together(answer: Sequence[TogetherAnswer], as_json: bool) -> None:
    if as_json:
        console.print_json(json.dumps([asdict(product) for product in answer], ensure_ascii=False))
        return
    print_together(answer)


def print_together(answer: Sequence[TogetherAnswer]) -> None:
    """Prints products that are bought together with others, and by what they were found."""
    if not answer:
        console.print("nothing is known to go with that")
        return
    table = listing("confidence", "lift", "found by", "product id", "title", figures=2, cut=True)
    for product in answer:
        by_rule = product.confidence > 0.0
        figures = (f"{product.confidence:.3f}", f"{product.lift:.2f}") if by_rule else ("", "")
        table.add_row(*figures, product.source, product.product_id, product.title)
    console.print(table)
