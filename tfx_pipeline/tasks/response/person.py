"""Who a command asks about: what a user did, what was shown to them, and what the tables say of them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from components.errors import InputError
from components.tables.contract import TABLES, TableOptions
from components.tables.validation import check_rows
from serving.client import Person
from tfx_pipeline.shop.options import ShopOptions
from tfx_pipeline.shop.run_options import options_of_run, shop_of_run
from tfx_pipeline.summary.file import summary_of_run
from tfx_pipeline.tasks.response.config import ResponseConfig
from tfx_pipeline.terminal.histories import read_history
from tfx_pipeline.terminal.user_history import UserHistory, history_of_products

# What a text of a request is called that is always told.
_PLACEMENT = "placement"


@dataclass(frozen=True, kw_only=True)
class AskedPerson:
    """A user, and the events that their ages are counted from.

    Attributes:
        person: What the model is asked with.
        history: The user's events.
    """

    person: Person
    history: UserHistory


def read_person(user: str | None, root: Path | None, at: str | None, tell: Sequence[str]) -> AskedPerson:
    """Reads what is known of a user from the tables of a run.

    Args:
        user: The user.
        root: Folder of the run.
        at: The moment that ages are counted from; that of the history where it is left out.
        tell: NAME=VALUE each, of what the model is told beside.

    Raises:
        InputError: The user or the root is missing, the tables are not what they should be, or something is told that
            the model does not take.
    """
    if user is None or root is None:
        raise InputError("expected --user ID and --root DIR, the folder of the run whose tables know the user")
    shop = shop_of_run(root)
    values = (summary_of_run(root).config.get("tasks") or {}).get("response")
    if values is None:
        raise InputError(f"{root}: its run has no task response")
    options = options_of_run(root, ResponseConfig, values)
    history = history_of_products([])
    if shop.tables.events is not None:
        history = read_history([], user, None, at, root)
    now = history.moment or 0
    shown = list(_shown(shop, options, user, now))
    texts, numbers = _told(shop, options, _user_row(shop, options, user), tell)
    person = Person(
        history_ids=history.product_ids,
        history_types=history.event_types,
        history_age_seconds=history.age_seconds,
        shown_ids=[each[1] for each in shown],
        shown_outcomes=[each[2] for each in shown],
        shown_age_seconds=[float(now - each[0]) for each in shown],
        now_seconds=now,
        texts=texts,
        numbers=numbers,
    )
    return AskedPerson(person=person, history=history)


def _told(
    shop: ShopOptions, options: ResponseConfig, user: Mapping[str, Any], tell: Sequence[str]
) -> tuple[dict[str, str], dict[str, float]]:
    """Returns the texts and the numbers that the model is told; what is not known is empty or NaN."""
    known = dict.fromkeys((_PLACEMENT, *shop.features.impressions.categorical, *options.user_features))
    texts = {name: _text(user.get(name)) for name in known}
    numbers = dict.fromkeys(shop.features.impressions.numeric, float("nan"))
    for each in tell:
        name, separator, value = each.partition("=")
        if not separator or name not in (*texts, *numbers):
            raise InputError(
                f"--tell {each}: expected NAME=VALUE, where NAME is one of {', '.join((*texts, *numbers))}"
            )
        if name in texts:
            texts[name] = value
            continue
        try:
            numbers[name] = float(value)
        except ValueError as error:
            raise InputError(f"--tell {each}: `{name}` is a number, got {value!r}") from error
    return texts, numbers


def _shown(shop: ShopOptions, options: ResponseConfig, user: str, now: int) -> Iterator[tuple[int, str, str]]:
    """Yields when something was shown to a user before a moment, what, and the furthest outcome known by then."""
    table_options = TableOptions(outcome_columns=options.outcomes)
    rows = sorted(_rows_of_user(shop, "impressions", table_options, user), key=lambda row: row["shown_at"])
    window = round((options.window_days or 0.0) * 86_400)
    for row in rows:
        if now and row["shown_at"] >= now:
            continue
        known_at = row.get("responded_at") or row["shown_at"] + window
        happened = [name for name in options.outcomes if row.get(name) and (not now or known_at < now)]
        yield row["shown_at"], _text(row.get("offer_id") or row.get("product_id")), happened[-1] if happened else ""


def _user_row(shop: ShopOptions, options: ResponseConfig, user: str) -> Mapping[str, Any]:
    if not options.user_features or shop.tables.users is None:
        return {}
    table_options = TableOptions(categorical_columns=options.user_features)
    return next(iter(_rows_of_user(shop, "users", table_options, user)), {})


def _rows_of_user(shop: ShopOptions, table: str, options: TableOptions, user: str) -> Iterator[Mapping[str, Any]]:
    """Yields a user's good rows of a table; the table is read once, a batch at a time."""
    # Beam, whose filesystems open the table, takes more than a second, which only a table is worth.
    from components.tables.reading.plain_columns import plain_columns
    from components.tables.shaping.planning import plan_table
    from components.tables.shaping.read_table import read_table

    sources = [source.in_zone(shop.time_zone) for source in shop.tables.given()[table]]
    wanted = pa.scalar(user.encode("utf-8", "surrogateescape"), pa.large_binary())
    for source in read_table(plan_table(TABLES[table], options, sources)):
        good = check_rows(TABLES[table], options, source.batch, time.time(), source.form).good
        rows = plain_columns(good)
        yield from rows.filter(pc.equal(rows["user_id"].cast(pa.large_binary()), wanted)).to_pylist()


def _text(value: Any) -> str:
    return "" if value is None else value.decode("utf-8", "surrogateescape")
