"""A small shop on disk, and runs of the whole pipeline over it."""

import contextlib
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from serving.server.background import server_thread
from tfx_pipeline.config.config import load_config
from tfx_pipeline.datasets.synthetic import write_shop
from tfx_pipeline.datasets.synthetic_shop import SyntheticShop
from tfx_pipeline.pipeline import create_pipeline
from tfx_pipeline.running.run import run
from tfx_pipeline.shop.inputs import PipelineInputs

# Ids and titles as shops have them; each stands in for one product of the made-up shop.
ODD_PRODUCTS = {
    "with space": "Tea, loose",
    "a/b\\c": 'Quoted "title"',
    "line\nbreak": "Line\nbreak",
    "\N{TANGERINE}\N{SHOPPING TROLLEY}": "\N{TANGERINE} 橘子 500克",
    "牛奶-1": "全脂牛奶",
    "x" * 300: "Long id",
    "007": "Leading zeros",
}


def write_tables(folder: Path, *, users: int = 60, products: int = 80) -> None:
    """Writes products.csv and events.jsonl in the contract's columns, with some odd ids, and nothing else."""
    parquet = folder / "parquet"
    parquet.mkdir(parents=True)
    write_shop(parquet, SyntheticShop(products=products, users=users))
    events = pd.read_parquet(parquet / "events.parquet")
    catalogue = pd.read_parquet(parquet / "products.parquet")
    renamed = dict(zip(events["product_id"].value_counts().index, ODD_PRODUCTS, strict=False))
    catalogue["product_id"] = catalogue["product_id"].replace(renamed)
    catalogue["title"] = catalogue["product_id"].map(ODD_PRODUCTS).fillna(catalogue["title"])
    events["product_id"] = events["product_id"].replace(renamed)
    catalogue.to_csv(folder / "products.csv", index=False)
    events.to_json(folder / "events.jsonl", orient="records", lines=True, force_ascii=False)


def write_config(folder: Path, ranker: bool = True, **keys: Any) -> Path:
    """Writes shop.yaml beside the tables: one epoch, small towers, whatever `keys` say at the top."""
    config = {
        "name": "small-shop",
        # Of commands that are called in the tests' own process, in which TensorFlow may have computed.
        "local": {"workers": 1},
        "tables": {"products": "products.csv", "events": "events.jsonl"},
        "tasks": {
            "recommendation": {
                "towers": {"dimensions": 16, "layers": 1, "history": 16},
                "training": {"max_epochs": 1},
                "serving": {"history_length": 32},
                "rules": {"min_support": 2},
                "ranker": {"max_epochs": 1, "windows": 2} if ranker else False,
            }
        },
        **keys,
    }
    file = folder / "shop.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file


def run_quietly(config: Path, root: Path, *overrides: str) -> tuple[dict[str, Any], set[str]]:
    """Runs the pipeline; returns the summary and the nodes that did not come from the cache."""
    terminal = io.StringIO()
    summary = run(load_config(config, overrides), root, terminal).model_dump(mode="json", exclude_unset=True)
    lines = [line.split() for line in terminal.getvalue().splitlines()]
    return summary, {words[1] for words in lines if len(words) > 2 and words[-1] != "cached"}


def node_properties(
    config: Path, *overrides: str, digests: Mapping[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    """The properties of each node of a run: where none has changed, a node comes from the cache."""
    loaded = load_config(config, overrides)
    tables = {**dict.fromkeys(loaded.tables.given(), ""), **(digests or {})}
    inputs = PipelineInputs(table_digests=tables, serving_root="")
    return {node.id: node.exec_properties for node in create_pipeline(loaded, inputs, "root").components}


@contextlib.contextmanager
def served(root: Path) -> Iterator[str]:
    """Serves what was pushed, on a free loopback port; yields the address."""
    with server_thread(root / "serving") as addresses:
        yield addresses.grpc


def read_summary(root: Path) -> Mapping[str, Any]:
    """Reads summary.json as any program would."""
    summary: Mapping[str, Any] = json.loads((root / "summary.json").read_text(encoding="utf-8"))
    return summary
