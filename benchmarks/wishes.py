"""Whether a search understands limits in queries, and keeps to those that it says it understood.

    python benchmarks/wishes.py --root ROOT

ROOT is a run of the demo that pushed a search model. The queries of benchmarks/wishes.yaml are asked of a server on a
free loopback port. `understood` counts those of which the answer says what the file says; `broken` counts answers with
a product that the file forbids, by the run's own table of products, and by sizes that other code reads from titles.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import typer
import yaml

from benchmarks.command_line import SearchRoot
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from serving.client import SearchAnswers, Shelfwise
from serving.server.background import server_process
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.artifacts.catalogue import load_catalogue

SHOWN = 10
QUERIES = Path(__file__).with_suffix(".yaml")
_NUMBER = r"(\d+ \d+/\d+|\d+/\d+|\d+(?:\.\d+)?)"
# How much of what a file bounds each unit is.
_UNITS: Mapping[str, Mapping[str, float]] = {
    "ounces": {"oz": 1.0, "lb": 16.0, "g": 0.035274},
    "millilitres": {
        "ml": 1.0,
        "l": 1000.0,
        "liter": 1000.0,
        "gal": 3785.41,
        "qt": 946.353,
        "pt": 473.176,
        "oz": 29.5735,
    },
    "pieces": {"ct": 1.0, "pk": 1.0, "pc": 1.0},
}

Product = Mapping[str, Any]


def main(
    root: SearchRoot,
    queries: Annotated[Path, typer.Option(help="Another file of queries.")] = QUERIES,
) -> None:
    """Asks the queries and prints what is not as it should be."""
    rows = yaml.safe_load(queries.read_text(encoding="utf-8"))
    columns = ["product_id", "title", "category", "price"]
    catalogue = load_catalogue(str(latest_artifact(root, "SearchExamples", "catalogue")), columns)
    products = {product["product_id"]: product for product in catalogue.to_pylist()}
    understood = broken = 0
    print_machine("tensorflow")
    with (
        server_process("--models", str(root / "serving")) as server,
        Shelfwise(server.grpc, timeout_seconds=60) as client,
    ):
        for row in rows:
            answer = client.search(row["query"], k=SHOWN, earlier_query=row.get("earlier", ""))
            right = says(answer, row["understood"])
            wrong = [product for each in answer if (product := products[each.product_id]) and breaks(product, row)]
            understood += right
            broken += bool(wrong)
            if not right or wrong or not answer:
                print(f"{row['query']!r}: {len(answer)} products, understood {answer.understood!r}")
            for product in wrong:
                print(f"    breaks it: {product['title']}, price {product['price']}")
    print_figures({"understood": understood, "broken": broken, "queries": len(rows)})


def says(answer: SearchAnswers, expected: list[str]) -> bool:
    """Returns whether an answer says what was expected and nothing else; each is a regular expression."""
    said = answer.understood.split("; ") if answer.understood else []
    return len(said) == len(expected) and all(any(re.fullmatch(each, part) for part in said) for each in expected)


def breaks(product: Product, row: Mapping[str, Any]) -> bool:
    """Returns whether a product is not what a row of the file allows."""
    text = f"{product['title']} | {product['category']}".lower()
    if "price" in row and not within(product["price"], row["price"]):
        return True
    if any(unit in row and not any(within(size, row[unit]) for size in sizes(text, unit)) for unit in _UNITS):
        return True
    if "never" in row and re.search(row["never"], text):
        return True
    return "always" in row and not re.search(row["always"], text)


def within(value: float | None, bounds: list[float]) -> bool:
    """Returns whether a value is known and within bounds."""
    return value is not None and bounds[0] <= value <= bounds[1] + 1e-6


def sizes(text: str, kind: str) -> list[float]:
    """Returns the sizes that a text has, in a file's unit."""
    units = _UNITS[kind]
    return [
        _value(number) * units[unit] for number, unit in re.findall(rf"{_NUMBER}[ -]?({'|'.join(units)})s?\b", text)
    ]


def _value(number: str) -> float:
    parts = [part.split("/") for part in number.split()]
    return sum(float(part[0]) / (float(part[1]) if len(part) > 1 else 1.0) for part in parts)


if __name__ == "__main__":
    typer.run(main)
