"""Commands that ask a running server; nothing here loads TFX or a model."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from components.errors import InputError
from serving.client import Answer, Shelfwise, TogetherAnswer
from tfx_pipeline.terminal.console import console, listing
from tfx_pipeline.terminal.user_history import UserHistory, history_of_products, read_user_history

# Products that share a title are one row to a person, so more are asked for than are shown.
PRODUCTS_PER_TITLE = 5


def recommend(
    history: UserHistory,
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
            history_age_seconds=history.age_seconds,
            k=k if as_json else k * PRODUCTS_PER_TITLE,
            category=category,
            max_price=max_price,
            in_stock_only=in_stock_only,
            include_bought=include_bought,
        )
    if not as_json:
        print_as_of(history)
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
    table = listing("confidence", "lift", "product id", figures=2)
    for product in answer:
        table.add_row(f"{product.confidence:.3f}", f"{product.lift:.2f}", product.product_id)
    console.print(table)


def print_answers(answer: Sequence[Answer], k: int, as_json: bool) -> None:
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


def read_history(
    products: Sequence[str], user: str | None, events: str | None, at: str | None = None, *, needed: bool = False
) -> UserHistory:
    """Takes the history from product ids (newest last), or from a user's rows of an events table.

    Args:
        products: The ids.
        user: The user.
        events: The table: a file, a folder or a glob.
        at: The moment that ages are counted from; see `read_user_history`.
        needed: Whether a history of nothing is refused.

    Raises:
        InputError: The options contradict each other or say too little, or the table is not what it should be.
    """
    if user is None:
        for option, value in {"--events": events, "--at": at}.items():
            if value is not None:
                raise InputError(f"{option} needs --user ID, the user whose events are read")
        if needed and not products:
            raise InputError("expected product ids, or --user ID with --events FILE, got neither")
        return history_of_products(products)
    if products:
        raise InputError(f"expected product ids or --user, got both: {' '.join(products)}, and --user {user}")
    if events is None:
        raise InputError("--user needs --events FILE, the table that holds the user's events")
    return read_user_history(events, user, at)


def print_as_of(history: UserHistory) -> None:
    """Prints which moment ages are counted from, where they are counted from one."""
    line = history.as_of_line()
    if line is not None:
        console.print(line, style="dim")
