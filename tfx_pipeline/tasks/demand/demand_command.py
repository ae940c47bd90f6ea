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
_COVARIATES = ("recent_covariates", "known_covariates")
# How the covariates of promotions begin.
_PROMOTIONS = ("placement_", "discount")


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
    plan = read_plan(root)
    show(row, begins, answer, promotions_of(row, plan["covariates"]), planned=plan["promotions_planned"])


def promotions_of(row: dict[str, object], covariates: list[str]) -> tuple[int, int]:
    """Returns in how many of the latest weeks, and of the coming ones, a row of `recent.parquet` has a promotion."""
    places = [place for place, name in enumerate(covariates) if name.startswith(_PROMOTIONS)]
    if not places:
        return 0, 0
    tables = (np.asarray(row[name], np.float32).reshape(-1, len(covariates)) for name in _COVARIATES)
    past, coming = (int((table[:, places] != 0.0).any(1).sum()) for table in tables)
    return past, coming


def ask_about(client: Shelfwise, row: dict[str, object]) -> list[DemandWeek]:
    """Asks about a row of `recent.parquet`."""
    units = np.asarray(row["recent_units"], np.float32)
    recent, known = (np.asarray(row[name], np.float32) for name in _COVARIATES)
    columns = len(recent) // len(units)
    tables = [each.reshape(-1, columns).tolist() if columns else () for each in (recent, known)]
    return client.demand(str(row["product_id"]), units.tolist(), *tables)


def coming_weeks(root: Path, weeks: int) -> list[str]:
    """Returns the first day of each of the coming weeks."""
    first = date.fromisoformat(read_plan(root)["first_week"])
    return [(first + timedelta(days=7 * week)).isoformat() for week in range(weeks)]


def show(
    row: dict[str, object],
    begins: list[str],
    answer: list[DemandWeek],
    promotions: tuple[int, int],
    *,
    planned: bool,
) -> None:
    """Prints the latest weeks of a product and what comes.

    Args:
        row: Of `recent.parquet`.
        begins: First day of each of the coming weeks.
        answer: The coming weeks.
        promotions: Of `promotions_of`.
        planned: Whether the table of promotions says anything of the coming weeks.
    """
    units = np.asarray(row["recent_units"], np.float32)[-_SHOWN_WEEKS:]
    console.print(str(row["title"] or row["product_id"]))
    shown = ", ".join("?" if np.isnan(value) else f"{value:,.10g}" for value in units)
    console.print(f"units of the latest {len(units)} weeks: {shown}")
    table = listing("week of", "10%", "50%", "90%", figures=3)
    for begin, week in zip(begins, answer, strict=True):
        table.add_row(begin, *(f"{week.quantiles[place]:,.1f}" for place in (0, 4, 8)))
    console.print(table)
    past, coming = promotions
    weeks = len(np.asarray(row["recent_units"]))
    if past and not planned:
        console.print(
            "The table `promotions` ends before these weeks, so the product counts as promoted as it was of late "
            f"({past} of the latest {weeks} weeks had a promotion): put what is planned into the table."
        )
    elif past and not coming:
        console.print(
            f"No promotion is planned for these weeks, and there was one in {past} of the latest {weeks}: if one is to "
            "come, put it into the table `promotions`."
        )
