"""`shelfwise campaign`: plans a campaign, or says what one brought; nothing here loads TensorFlow."""

import json
import math
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from components.errors import InputError
from tfx_pipeline.tasks.response.campaign.audience import read_audience
from tfx_pipeline.tasks.response.campaign.planning import CONTROL, Terms, plan_campaign, segment_rows
from tfx_pipeline.tasks.response.campaign.results import Effect, SegmentResult, campaign_results, read_campaign
from tfx_pipeline.terminal.console import console, plain_table
from trainer.metrics.bootstrap import Interval

_UNKNOWN = "–"
_DAY = "%Y-%m-%d"


def plan(root: Path, offer_id: str, terms: Terms, *, campaign_id: str | None, out: Path | None, as_json: bool) -> None:
    """Prints whom to address with an offer, by segment, and writes them.

    Args:
        root: Folder of the run whose last blessed model is asked.
        offer_id: The offer.
        terms: What the campaign may cost.
        campaign_id: Its name; the offer and today's date where it is None.
        out: The Parquet file to write; named after the campaign, below the root, where it is None.
        as_json: Whether to print JSON instead of a table.

    Raises:
        InputError: The root has no such offer, or the file cannot be written.
    """
    audience = read_audience(root, offer_id)
    now = int(time.time())
    name = campaign_id or f"{offer_id}-{time.strftime(_DAY, time.gmtime(now))}"
    campaign = plan_campaign(audience, offer_id, name, now, terms)
    control = str(audience.facts.get("control") or CONTROL)
    warnings = _warnings(audience.facts, campaign, terms)
    file = None
    if len(campaign):
        file = out or root / "campaigns" / f"{name.replace('/', '_')}.parquet"
        _write(campaign, file)
    rows = segment_rows(campaign, control, terms) if len(campaign) else []
    if as_json:
        found = {"campaign_id": name, "segments": rows, "warnings": warnings, "file": file and str(file)}
        console.print_json(json.dumps(found, ensure_ascii=False))
        return
    if rows:
        console.print(_planned_table(rows, terms))
    for line in warnings:
        console.print(line)
    if file is not None:
        console.print(
            f"{len(campaign):,} rows in {file}; address those whose `treatment` is not `{control}`, add what came of "
            "each row, and ask `shelfwise campaign --results` what it brought."
        )


def results(path: str, outcome: str, sales: str | None, control: str, *, as_json: bool) -> None:
    """Prints what a campaign brought, by segment; see `read_campaign` for the arguments and errors."""
    found = campaign_results(read_campaign(path, outcome, sales, control))
    if as_json:
        console.print_json(json.dumps([_as_json(each) for each in found], ensure_ascii=False))
        return
    table = plain_table("segment", "addressed", "control", "with offer", "without", "added", "responses added")
    for each in found:
        effect = each.responses
        shown = [f"{effect.treated:.2%}", f"{effect.control:.2%}", _percents(effect.added), _counts(effect.total)]
        table.add_row(each.segment, f"{each.addressed:,}", f"{each.control:,}", *map(_known, shown))
    console.print(table)
    whole = found[-1]
    if whole.sales is not None:
        money = plain_table("sales", "with offer", "without", "added", "sales added")
        for each in found:
            if each.sales is not None:
                effect = each.sales
                shown = [f"{effect.treated:,.2f}", f"{effect.control:,.2f}", _money(effect.added), _money(effect.total)]
                money.add_row(each.segment, *map(_known, shown))
        console.print(money)
        console.print(_outcome("sales", whole.sales))
    console.print(_outcome("responses", whole.responses))


def _warnings(facts: dict[str, Any], campaign: pa.Table, terms: Terms) -> list[str]:
    """Returns what has to be known of a campaign before it is sent."""
    lines = []
    told_apart = facts.get("told_apart")
    if told_apart is None:
        lines.append(
            "The model learned from no treatments: it says who responds, not whom the offer moves. The control group "
            "of this campaign is what the next model can learn that from."
        )
    elif not told_apart:
        lines.append(
            "Nobody is told apart: the interval of the model's Qini includes 0, so those chosen may gain no more "
            "from the offer than any others."
        )
    effect = facts.get("effect")
    if effect and effect["low"] is not None and effect["low"] <= 0.0:
        lines.append(
            f"The offer adds nothing that the test shows: {effect['mean']:+.4f} responses a customer, between "
            f"{effect['low']:+.4f} and {effect['high']:+.4f}."
        )
    if not len(campaign):
        lines.append(
            "The budget is for nobody."
            if not terms.most_addressed
            else "The offer adds nothing to anybody: address no one."
            if terms.value is None
            else f"The offer pays for nobody: nowhere are the responses it adds worth {terms.cost:g}."
        )
    return lines


def _planned_table(rows: list[dict[str, Any]], terms: Terms) -> Any:
    headings = ["segment", "addressed", "control", "responses", "uplift", "cost"]
    table = plain_table(*headings, *(["gain"] if terms.value is not None else []))
    for row in rows:
        cells = [f"{row['responses']:,.1f}", _UNKNOWN if row["uplift"] is None else f"{row['uplift']:+,.1f}"]
        cells.append(f"{row['cost']:,.2f}")
        if terms.value is not None:
            cells.append(_UNKNOWN if row["gain"] is None else f"{row['gain']:+,.2f}")
        table.add_row(row["segment"], f"{row['addressed']:,}", f"{row['control']:,}", *cells)
    return table


def _write(campaign: pa.Table, file: Path) -> None:
    """Writes a campaign, whole or not at all; it names customers, so that nobody else may read it."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = file.with_name(f".{file.name}.partial")
        partial.touch(mode=0o600)
        pq.write_table(campaign, partial)
        partial.rename(file)
    except OSError as error:
        raise InputError(f"--out {file}: expected a file that can be written: {error}") from error


def _outcome(what: str, effect: Effect) -> str:
    """Says in a sentence what a campaign brought in one measure."""
    if math.isnan(effect.added.low):
        return f"There are too few customers to say what the offer brought in {what}."
    between = f"between {effect.total.low:+,.1f} and {effect.total.high:+,.1f}"
    if not effect.shown:
        return f"The offer added nothing that can be told from chance in {what}: {effect.total.mean:+,.1f}, {between}."
    verb = "added" if effect.added.mean > 0.0 else "cost"
    return f"The offer {verb} {abs(effect.total.mean):,.1f} {what} ({between})."


def _percents(interval: Interval) -> str:
    return f"{interval.mean:+.2%} ({interval.low:+.2%} to {interval.high:+.2%})"


def _counts(interval: Interval) -> str:
    return f"{interval.mean:+,.1f} ({interval.low:+,.1f} to {interval.high:+,.1f})"


def _money(interval: Interval) -> str:
    return f"{interval.mean:+,.2f} ({interval.low:+,.2f} to {interval.high:+,.2f})"


def _known(text: str) -> str:
    """Returns what a cell says; a number that is not known is a dash."""
    return (
        _UNKNOWN
        if text.startswith(("nan", "+nan"))
        else text.replace(" (+nan% to +nan%)", "").replace(" (+nan to +nan)", "")
    )


def _as_json(result: SegmentResult) -> dict[str, Any]:
    measures = {"responses": result.responses, "sales": result.sales}
    return {
        "segment": result.segment,
        "addressed": result.addressed,
        "control": result.control,
        **{name: None if effect is None else _effect_json(effect) for name, effect in measures.items()},
    }


def _effect_json(effect: Effect) -> dict[str, Any]:
    return {
        "with_offer": _number(effect.treated),
        "without": _number(effect.control),
        "added": {name: _number(value) for name, value in effect.added._asdict().items()},
        "total": {name: _number(value) for name, value in effect.total._asdict().items()},
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
