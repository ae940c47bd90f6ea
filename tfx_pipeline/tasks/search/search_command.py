"""`shelfwise search`: asks a running server and groups what it answers; nothing here loads TFX or a model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from serving.client import ExplainedWord, SearchAnswer
from tfx_pipeline.terminal.asking import asking
from tfx_pipeline.terminal.console import console, listing
from tfx_pipeline.terminal.picture_file import picture_file
from tfx_pipeline.terminal.user_history import UserHistory

_SHOWN_WORDS = 6

Explanations = Mapping[str, Sequence[ExplainedWord]]


def search(
    query: str,
    *,
    k: int,
    category: str,
    max_price: float,
    in_stock_only: bool,
    explain: bool,
    address: str,
    as_json: bool,
    history: UserHistory | None = None,
) -> None:
    """Prints the products that answer a query; with a history, in the order for who has it."""
    with asking(address) as client:
        if history is None:
            answer = client.search(query, k=k, category=category, max_price=max_price, in_stock_only=in_stock_only)
        else:
            answer = client.personal_search(
                query,
                history.product_ids,
                history.event_types,
                history.age_seconds,
                k=k,
                category=category,
                max_price=max_price,
                in_stock_only=in_stock_only,
            )
        explanations = (
            {product.product_id: client.explain_search(query, product.product_id) for product in answer}
            if explain
            else {}
        )
    if as_json:
        _print_json(answer, explanations)
    else:
        if answer.understood:
            console.print(Text(f"understood: {answer.understood}"))
        print_clusters(answer, explanations)


def search_by_image(image: Path, *, k: int, address: str, as_json: bool) -> None:
    """Prints the products that look like a picture, or are what it shows.

    Raises:
        InputError: The file cannot be read.
    """
    picture = picture_file(image)
    with asking(address) as client:
        answer = client.search_by_image(picture, k=k)
    if as_json:
        _print_json(answer, {})
    else:
        print_clusters(answer)


def print_clusters(answer: Sequence[SearchAnswer], explanations: Explanations | None = None) -> None:
    """Prints products under the label of their cluster, the cluster of the best product first.

    Args:
        answer: The best product first.
        explanations: What each word adds to a product's score, by product id.
    """
    if not answer:
        console.print("no product fits")
        return
    clusters: dict[str, list[SearchAnswer]] = {}
    for product in answer:
        clusters.setdefault(product.cluster_label, []).append(product)
    table = listing("score", "product id", "title", figures=1, cut=True)
    for label, products in clusters.items():
        table.add_row("", "", Text(label, style="bold"))
        for product in products:
            ending = f" (and {product.variants - 1} alike)" if product.variants > 1 else ""
            table.add_row(f"{product.score:.3f}", product.product_id, f"{product.title}{ending}")
            for word in (explanations or {}).get(product.product_id, ())[:_SHOWN_WORDS]:
                adds = f"{word.lexical + word.dense:+.3f}"
                table.add_row(Text(adds, style="dim"), "", Text(_explained(word), style="dim"))
    console.print(table)


def _explained(word: ExplainedWord) -> str:
    """Says how much a word adds by standing in a product's text, and how much by its meaning."""
    return f"  {word.word}: word {word.lexical:+.3f}, meaning {word.dense:+.3f}"


def _print_json(answer: Sequence[SearchAnswer], explanations: Explanations) -> None:
    rows = []
    for product in answer:
        row = asdict(product)
        if product.product_id in explanations:
            row["words"] = [asdict(word) for word in explanations[product.product_id]]
        rows.append(row)
    console.print_json(json.dumps(rows, ensure_ascii=False))
