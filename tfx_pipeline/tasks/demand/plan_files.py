"""`<root>/demand/`: forecasts, orders, moves and prices of the last blessed run; reading them loads no TensorFlow."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.errors import InputError

FOLDER = "demand"
FORECASTS, REORDER, MOVES, PRICES, RECENT = (
    f"{name}.parquet" for name in ("forecasts", "reorder", "moves", "prices", "recent")
)
PLAN = "plan.json"


def publish_plan(root: Path, artifact: Path) -> None:
    """Puts what DemandPlanner wrote under `<root>/demand/`; the folder appears whole or not at all.

    Args:
        root: The run's folder.
        artifact: What DemandPlanner wrote.
    """
    folder, partial = root / FOLDER, root / f".{FOLDER}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in (FORECASTS, REORDER, MOVES, PRICES, RECENT, PLAN):
        shutil.copyfile(artifact / name, partial / name)
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)


def read_plan_table(root: Path, name: str) -> pa.Table:
    """Reads one of the tables.

    Raises:
        InputError: There is none.
    """
    file = root / FOLDER / name
    if not file.exists():
        raise InputError(
            f"There is no `{file}`. `shelfwise run` with the task `demand` writes it once its model is blessed; give "
            "the folder of such a run as `--root`."
        )
    return pq.read_table(file)


def read_plan(root: Path) -> dict[str, Any]:
    """Reads `plan.json`; empty where there is none."""
    file = root / FOLDER / PLAN
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def of_product(table: pa.Table, product_id: str, store_id: str | None) -> dict[str, Any]:
    """Returns the row of a product, and of a store where the series are by store.

    Raises:
        InputError: There is no such row, or one of several stores has to be named.
    """
    rows = table.filter(pc.equal(table["product_id"], product_id))
    if not len(rows):
        raise InputError(
            f"There is no series of the product `{product_id}`: it was never bought in a whole week, or is not among "
            "the `tasks.demand.max_products` best sellers."
        )
    stores = [each for each in rows["store_id"].to_pylist() if each is not None]
    if store_id is not None:
        own = rows.filter(pc.equal(rows["store_id"], store_id))
        if not len(own):
            shown = f"one of {', '.join(stores[:5])}" if stores else "none, as series are of all stores together"
            raise InputError(f"`--store` should be {shown}, got `{store_id}`.")
        rows = own
    elif len(stores) > 1:
        raise InputError(f"The product is sold in {len(stores)} stores; name one by `--store`, such as `{stores[0]}`.")
    row: dict[str, Any] = rows.slice(0, 1).to_pylist()[0]
    return row
