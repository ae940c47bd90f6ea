"""Whether dialogues with the shop's assistant end well, and whether it says anything that is not so.

    python benchmarks/chat.py --root ROOT [--dialogues benchmarks/chat_more.yaml] [--user USER]

ROOT is a run of the demo that pushed search, recommendation and support. The dialogues of benchmarks/chat.yaml
are led with a server on a free loopback port; the file says what a good end of each is. `ended_well` counts those.
`false_claims` counts answers, of all turns, with a product, title or price that the run's own table of products does
not have, with a product outside of the limits that the answer says it keeps, with an answer that the table of answers
does not have word for word, or with any other number that nothing of that has.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import typer
import yaml

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from serving.client import ChatAnswer, Shelfwise
from serving.server.background import server_process
from tfx_pipeline.summary.run_artifacts import latest_artifact
from tfx_pipeline.terminal.histories import read_history
from tfx_pipeline.terminal.user_history import UserHistory
from trainer.artifacts.catalogue import load_catalogue

DIALOGUES = Path(__file__).with_suffix(".yaml")
ANSWERS = Path(__file__).resolve().parents[1] / "tfx_pipeline" / "config" / "demo_answers.yaml"
_COLUMNS = ["product_id", "title", "category", "brand", "price"]
# Sources of what is recommended, and of the prices of it.
_RECOMMENDED = {"recommendation", "together", "catalogue"}
_CENT = 0.005

Product = Mapping[str, Any]


def main(
    root: Annotated[Path, typer.Option(help="Folder of a run of the demo that pushed its models.")],
    dialogues: Annotated[Path, typer.Option(help="Another file of dialogues.")] = DIALOGUES,
    user: Annotated[str, typer.Option(help="Household of the demo that talks.")] = "1",
) -> None:
    """Leads the dialogues and prints those that do not end well, and what is false."""
    rows = yaml.safe_load(dialogues.read_text(encoding="utf-8"))
    catalogue = load_catalogue(str(latest_artifact(root, "SearchExamples", "catalogue")), _COLUMNS)
    products = {product["product_id"]: product for product in catalogue.to_pylist()}
    answers = {each["id"]: each["text"] for each in yaml.safe_load(ANSWERS.read_text(encoding="utf-8"))}
    history = read_history([], user, None, None, root)
    ended_well = false_claims = 0
    print_machine("tensorflow")
    with (
        server_process("--models", str(root / "serving")) as server,
        Shelfwise(server.grpc, timeout_seconds=60) as client,
    ):
        for row in rows:
            talk = lead(client, row["turns"], history)
            wrong = [*ends_badly(talk, row, products)]
            false = [[*false_in(answer, products, answers)] for answer in talk]
            ended_well += not wrong
            false_claims += sum(map(bool, false))
            if wrong or any(false):
                print(f"{' | '.join(row['turns'])}: {'; '.join([*wrong, *chain(*false)])}\n    {talk[-1].text}")
    print_figures({"ended_well": ended_well, "false_claims": false_claims, "dialogues": len(rows)})


def lead(client: Shelfwise, turns: Sequence[str], history: UserHistory) -> list[ChatAnswer]:
    """Returns what the shop says to each turn."""
    dialogue: list[str | ChatAnswer] = []
    for turn in turns:
        dialogue.append(turn)
        dialogue.append(client.chat(dialogue, history.product_ids, history.event_types, history.age_seconds))
    return [answer for answer in dialogue if isinstance(answer, ChatAnswer)]


def ends_badly(talk: Sequence[ChatAnswer], row: Mapping[str, Any], products: Mapping[str, Product]) -> Iterator[str]:
    """Yields what is not as a row of the file wants it."""
    last, end = talk[-1], row["end"]
    if "asks" in row and talk[0].asks_back != row["asks"]:
        yield f"asked back {talk[0].asks_back}"
    if sum(answer.asks_back for answer in talk) > 1:
        yield "asked back twice"
    if last.hand_over != end.get("hand_over", False):
        yield f"handed over {last.hand_over}"
    if "answer" in end and not {f"answer:{each}" for each in _listed(end["answer"])} & {*last.sources}:
        yield f"from {last.sources}"
    if "recommended" in end and not (last.products and _RECOMMENDED & {*last.sources}):
        yield f"recommended nothing, from {last.sources}"
    if {"always", "price", "brand"} & {*end} and not (last.products and "search" in last.sources):
        yield f"found nothing, from {last.sources}"
    for each in last.products:
        if not fits(products[each.product_id], end):
            yield f"{each.title} at {each.price}"


def fits(product: Product, end: Mapping[str, Any]) -> bool:
    """Returns whether a product is one that a good end has."""
    text = f"{product['title']} | {product['category']}"
    low, high = end.get("price", (-float("inf"), float("inf")))
    return (
        ("price" not in end or low <= product["price"] <= high + _CENT)
        and product["brand"] == end.get("brand", product["brand"])
        and bool(re.search(end.get("always", ""), text, re.IGNORECASE))
        and not ("never" in end and re.search(end["never"], text, re.IGNORECASE))
    )


def false_in(answer: ChatAnswer, products: Mapping[str, Product], answers: Mapping[str, str]) -> Iterator[str]:
    """Yields what an answer says that is not so."""
    lines = answer.text.split("\n")
    for each in answer.products:
        known = products.get(each.product_id, {})
        price = known.get("price")
        if each.title != known.get("title") or not _same_price(each.price, price):
            yield f"false product {each}, known as {known}"
        shown = "price not known" if each.price is None else f"{each.price:.2f}"
        line = f"- {each.title}: {shown}"
        if line not in lines:
            yield f"no line {line}"
        else:
            lines.remove(line)
        yield from _beyond_limits(each.price, answer.understood)
    told = [answers[source.removeprefix("answer:")] for source in answer.sources if source.startswith("answer:")]
    for text in told:
        if text not in lines:
            yield f"not as the shop says it: {text}"
        else:
            lines.remove(text)
    allowed = {f"{product['price']:.2f}" for product in products.values() if _known(product["price"])}
    allowed |= {*re.findall(r"[\d.]+", answer.understood)}
    for number in re.findall(r"\d+(?:\.\d+)?", " ".join(lines)):
        if number not in allowed:
            yield f"number {number}"


def _beyond_limits(price: float | None, understood: str) -> Iterator[str]:
    for bound, value in re.findall(r"price (at most|below|at least|above) ([\d.]+)", understood):
        most = bound in ("at most", "below")
        if price is None or (price > float(value) + _CENT if most else price < float(value) - _CENT):
            yield f"price {price} is not {bound} {value}"


def _same_price(said: float | None, known: float | None) -> bool:
    if said is None or not _known(known):
        return said is None and not _known(known)
    return abs(said - float(known or 0.0)) < _CENT


def _known(price: float | None) -> bool:
    return price is not None and price == price


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


if __name__ == "__main__":
    typer.run(main)
