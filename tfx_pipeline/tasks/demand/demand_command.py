"""`shelfwise demand`: asks a running server for the coming weeks of a product."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from serving.client import DemandWeek, Shelfwise
from tfx_pipeline.tasks.demand.plan_files import RECENT, of_product, read_plan, read_plan_table
from tfx_pipeline.terminal.asking import asking
from tfx_pipeline.terminal.console import console, listing

_SHOWN_WEEKS = 8


def print_demand(product: str, store: str | None, root: Path, *, address: str, as_json: bool) -> None:
    """Prints quantiles of each of the coming weeks.

    Raises:
        InputError: The run has no such series.
        ServingError: The server did not answer.
    """
    row = of_product(read_plan_table(root, RECENT), product, store)
    with asking(address) as client:
        answer = ask_about(client, row)
    begins = coming_weeks(root, len(answer))
    if as_json:
        weeks = [{"week": begin, "quantiles": week.quantiles} for begin, week in zip(begins, answer, strict=True)]
        console.print_json(json.dumps({"product_id": product, "store_id": store, "weeks": weeks}, ensure_ascii=False))
        return
    show(row, begins, answer)


def ask_about(client: Shelfwise, row: dict[str, object]) -> list[DemandWeek]:
    """Asks about a row of `recent.parquet`."""
    units = np.asarray(row["recent_units"], np.float32)
    recent, known = (np.asarray(row[name], np.float32) for name in ("recent_covariates", "known_covariates"))
    columns = len(recent) // len(units)
    tables = [each.reshape(-1, columns).tolist() if columns else () for each in (recent, known)]
    return client.demand(str(row["product_id"]), units.tolist(), *tables)


def coming_weeks(root: Path, weeks: int) -> list[str]:
    """Returns the first day of each of the coming weeks."""
    first = date.fromisoformat(read_plan(root)["first_week"])
    return [(first + timedelta(days=7 * week)).isoformat() for week in range(weeks)]


def show(row: dict[str, object], begins: list[str], answer: list[DemandWeek]) -> None:
    """Prints the latest weeks of a product and what comes."""
    units = np.asarray(row["recent_units"], np.float32)[-_SHOWN_WEEKS:]
    console.print(str(row["title"] or row["product_id"]))
    shown = ", ".join("?" if np.isnan(value) else f"{value:,.10g}" for value in units)
    console.print(f"units of the latest {len(units)} weeks: {shown}")
    table = listing("week of", "10%", "50%", "90%", figures=3)
    for begin, week in zip(begins, answer, strict=True):
        table.add_row(begin, *(f"{week.quantiles[place]:,.1f}" for place in (0, 4, 8)))
    console.print(table)
