"""Commands that ask a running server; nothing here loads TFX or a model."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from components.errors import InputError
from serving.client import Answer, Shelfwise, TogetherAnswer
from tfx_pipeline.console import console, plain_table
from tfx_pipeline.user_history import History, history_of_products, read_user_history

# Products that share a title are one row to a person, so more are asked for than are shown.
PRODUCTS_PER_TITLE = 5
# Characters of a product id on one line of a table.
WIDEST_ID = 32


def recommend(
    history: History,
    *,
    k: int,
    category: str,
    max_price: float,
    in_stock_only: bool,
    include_bought: bool,
    address: str,
    as_json: bool,
) -> None:
    """Prints a user's next products."""
    with Shelfwise(address) as client:
        answer = client.recommend(
            history.product_ids,
            history_types=history.event_types,
            history_ages_seconds=history.ages_seconds,
            k=k if as_json else k * PRODUCTS_PER_TITLE,
            category=category,
            max_price=max_price,
            in_stock_only=in_stock_only,
            include_bought=include_bought,
        )
    print_answers(answer, k, as_json)


def similar(product_id: str, *, k: int, address: str, as_json: bool) -> None:
    """Prints products like one."""
    with Shelfwise(address) as client:
        answer = client.similar(product_id, k=k if as_json else k * PRODUCTS_PER_TITLE)
    print_answers(answer, k, as_json)


def together(product_ids: Sequence[str], *, k: int, address: str, as_json: bool) -> None:
    """Prints what is bought together with some products."""
    with Shelfwise(address) as client:
        answer = client.bought_together(product_ids, k=k)
    if as_json:
        console.print_json(json.dumps([asdict(product) for product in answer], ensure_ascii=False))
        return
    print_together(answer)


def print_together(answer: Sequence[TogetherAnswer]) -> None:
    """Prints products that are bought together with others."""
    if not answer:
        console.print("nothing is bought together with that more than by chance")
        return
    table = plain_table("confidence", "lift", "product id")
    for product in answer:
        # As text, since rich would take what stands in brackets for markup.
        table.add_row(f"{product.confidence:.3f}", f"{product.lift:.2f}", Text(product.product_id))
    console.print(table)


def print_answers(answer: Sequence[Answer], k: int, as_json: bool) -> None:
    """Prints JSON as it came, or a table with one row a title."""
    if as_json:
        console.print_json(json.dumps([asdict(product) for product in answer], ensure_ascii=False))
        return
    if not answer:
        console.print("no product fits")
        return
    table = plain_table("score", "product id", "title")
    _, ids, titles = table.columns
    ids.max_width = WIDEST_ID
    # A title takes the room that is left, and no second line.
    titles.justify, titles.no_wrap, titles.overflow, titles.ratio = "left", True, "ellipsis", 1
    table.expand = True
    best: dict[str, Answer] = {}
    alike: dict[str, int] = {}
    for product in answer:
        best.setdefault(product.title, product)
        alike[product.title] = alike.get(product.title, 0) + 1
    for title in list(best)[:k]:
        more = f" (and {alike[title] - 1} alike)" if alike[title] > 1 else ""
        # As texts, since rich would take what stands in brackets for markup.
        table.add_row(f"{best[title].score:.3f}", Text(best[title].product_id), Text(f"{title}{more}"))
    console.print(table)


def read_history(products: Sequence[str], user: str, events: Path | None) -> History:
    """Takes the history from product ids (newest last), or from a user's rows of an events table.

    Raises:
        InputError: The user or the file is not there, or a column is missing.
    """
    if not user:
        return history_of_products(products)
    if events is None:
        raise InputError("--user needs --events FILE, the table that holds the user's events")
    return read_user_history(events, user)
