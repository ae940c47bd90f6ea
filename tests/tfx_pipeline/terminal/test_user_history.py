"""A user's history out of an events table, in each format."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from components.errors import InputError
from components.tables.files import parquet_reader as table_reader
from components.tables.sources import TableSource
from tfx_pipeline.shop.options import ShopOptions, Tables
from tfx_pipeline.summary.file import write_summary
from tfx_pipeline.summary.model import RunSummary
from tfx_pipeline.tasks.recommendation.config import RecommendationConfig
from tfx_pipeline.terminal import user_history
from tfx_pipeline.terminal.histories import read_history
from tfx_pipeline.terminal.user_history import UserHistory, history_of_products

LATEST = 1_700_000_300
# The latest event was at 22:18:20, so its hour ends 2,500 seconds later.
END = int(datetime(2023, 11, 14, 23, tzinfo=UTC).timestamp())
EVENTS = pd.DataFrame(
    {
        "user_id": ["7", "7", "8", "7"],
        "product_id": ["late", "early", "other", "middle"],
        "event_type": ["cart", "view", "view", "purchase"],
        "timestamp": [1_699_900_300, 1_699_900_000, LATEST, 1_699_900_100],
    }
)


def write(events: pd.DataFrame, file: Path) -> str:
    """Writes the events in the format of the file's ending."""
    match file.suffix:
        case ".parquet":
            events.to_parquet(file)
        case ".csv":
            events.to_csv(file, index=False)
        case _:
            events.to_json(file, orient="records", lines=True)
    return str(file)


def read_user_history(file: str, user_id: str, at: str | None = None) -> UserHistory:
    """Reads the history as a command does."""
    return read_history([], user_id, file, at)


def with_iso_times(events: pd.DataFrame) -> pd.DataFrame:
    times = pd.to_datetime(events["timestamp"], unit="s").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return events.assign(timestamp=times)


@pytest.mark.parametrize("form", ["unix", "iso", "mixed"])
@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_ages_are_counted_from_one_moment_for_all_users(tmp_path: Path, suffix: str, form: str) -> None:
    events = EVENTS if form == "unix" else with_iso_times(EVENTS)
    if form == "mixed":
        events.loc[0, "timestamp"] = str(EVENTS.loc[0, "timestamp"])
    file = write(events, tmp_path / f"events{suffix}")
    history = read_user_history(file, "7")
    assert history.product_ids == ("early", "middle", "late")
    assert history.event_types == ("view", "purchase", "cart")
    assert history.age_seconds == (END - 1_699_900_000, END - 1_699_900_100, END - 1_699_900_300)
    assert history.as_of_line() == f"as of 2023-11-14 23:00 UTC, the end of the hour of the latest event in {file}"
    assert history.as_of == "2023-11-14T23:00:00+00:00"
    assert read_user_history(file, "8").age_seconds == (END - LATEST,)


@pytest.mark.parametrize("at", ["1699900100", "2023-11-13T18:28:20Z", "2023-11-13 19:28:20+01:00"])
def test_what_lies_after_a_given_moment_is_left_out(tmp_path: Path, at: str) -> None:
    file = write(EVENTS, tmp_path / "events.csv")
    history = read_user_history(file, "7", at)
    assert history.product_ids == ("early", "middle")
    assert history.age_seconds == (100.0, 0.0)
    assert history.as_of_line() == "as of 2023-11-13 18:28 UTC, as --at says"


def test_many_batches_and_files_are_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in range(3):
        write(EVENTS.iloc[part::3], tmp_path / f"part-{part}.parquet")
    monkeypatch.setattr(table_reader, "ROWS_PER_BATCH", 1)
    for place in (f"{tmp_path}/part-*.parquet", str(tmp_path)):
        history = read_user_history(place, "7")
        assert history.product_ids == ("early", "middle", "late")
        assert history.age_seconds[-1] == END - 1_699_900_300


def test_positions_order_events_without_time(tmp_path: Path) -> None:
    file = write(EVENTS.drop(columns="timestamp").assign(position=[3, 1, 1, 2]), tmp_path / "events.parquet")
    history = read_user_history(file, "7")
    assert history.product_ids == ("early", "middle", "late")
    assert history.age_seconds == (0.0, 0.0, 0.0)
    assert history.as_of_line() is None
    with pytest.raises(InputError, match="has no `timestamp`"):
        read_user_history(file, "7", "2023-11-14")


def test_products_are_purchases_of_just_now() -> None:
    history = history_of_products(["a", "b"])
    assert history.event_types == ("purchase", "purchase")
    assert history.age_seconds == (0.0, 0.0)
    assert history.as_of_line() is None


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("timestamp", "soon", r"line 3, an event of user 7, has `timestamp` 'soon' \(timestamp_unparsable\)"),
        ("timestamp", "", r"\(missing_timestamp\)"),
        ("timestamp", "1699900000000", r"'1699900000000' \(timestamp_in_milliseconds\).*Unix seconds or ISO 8601"),
        ("timestamp", "4000000000", r"\(timestamp_in_future\)"),
        ("event_type", "", r"`event_type` '' \(missing_event_type\)"),
        ("product_id", "", r"\(missing_product_id\)"),
    ],
)
def test_a_bad_row_of_the_user_is_named(tmp_path: Path, column: str, value: str, message: str) -> None:
    events = EVENTS.astype({"timestamp": str})
    events.loc[1, column] = value
    file = write(events, tmp_path / "events.csv")
    with pytest.raises(InputError, match=message) as caught:
        read_user_history(file, "7")
    assert "\n" not in str(caught.value)
    assert str(caught.value).count(file) == 1
    # A bad row of somebody else is left out, as a run does, and said.
    other = read_user_history(file, "8")
    assert other.age_seconds == (END - LATEST,)
    assert str(other.as_of_line()).endswith("; bad rows left out: 1")


def test_a_bad_row_is_not_the_latest_event(tmp_path: Path) -> None:
    events: Any = EVENTS.astype({"timestamp": str})
    events.loc[2, "timestamp"] = "9999999999999"
    history = read_user_history(write(events, tmp_path / "events.jsonl"), "7")
    assert history.as_of == "2023-11-13T19:00:00+00:00"


def test_mistakes(tmp_path: Path) -> None:
    file = write(EVENTS, tmp_path / "events.parquet")
    less = write(EVENTS.drop(columns="event_type"), tmp_path / "less.parquet")
    with pytest.raises(InputError, match=f"^{file}: no event of user 99$"):
        read_user_history(file, "99")
    with pytest.raises(InputError, match=r"no event of user 7 up to 2001-02-03$"):
        read_user_history(file, "7", "2001-02-03")
    with pytest.raises(InputError, match="lacks column `event_type`"):
        read_user_history(less, "7")
    with pytest.raises(InputError, match="nothing is at") as caught:
        read_user_history(f"{tmp_path}/none.parquet", "7")
    assert str(caught.value).count("none.parquet") == 1
    with pytest.raises(InputError, match="is not known by its ending"):
        read_user_history(write(EVENTS, tmp_path / "events.xls"), "7")
    for at in ("soon", "1699900000000", "-5", ""):
        with pytest.raises(InputError, match=f"--at {at}: expected ISO 8601"):
            read_user_history(file, "7", at)


def _run_with(root: Path, *sources: TableSource, tasks: dict[str, Any] | None = None) -> Path:
    """Writes the summary of a run that read events of these sources; returns its folder."""
    shop = ShopOptions(tables=Tables(events=sources), text=None)
    config = shop.model_dump(mode="json") | {"tasks": tasks or {}}
    summary = RunSummary(version=1, config=config, tasks={}, seconds={}, total_seconds=1.0, peak_rss_bytes=1)
    root.mkdir(exist_ok=True)
    write_summary(root, summary)
    return root


def test_a_table_in_the_form_of_a_run(tmp_path: Path) -> None:
    renamed = {"user_id": "CustomerID", "product_id": "StockCode", "timestamp": "Invoice Date"}
    sold = EVENTS.rename(columns=renamed).drop(columns="event_type")
    sold.to_csv(tmp_path / "sold.csv", index=False, sep=";")
    sold.iloc[:2].to_csv(tmp_path / "new.csv", index=False, sep=";")
    source = TableSource(path=str(tmp_path / "sold.csv"), columns=renamed, constants={"event_type": "purchase"})
    root = _run_with(tmp_path / "run", source)
    history = read_history([], "7", None, root=root)
    assert history.product_ids == ("early", "middle", "late")
    assert history.event_types == ("purchase",) * 3
    assert read_history([], "7", str(tmp_path / "new.csv"), root=root).product_ids == ("early", "late")
    both = _run_with(root, source, source)
    assert sorted(read_history([], "7", None, root=both).product_ids) == sorted(2 * history.product_ids)
    with pytest.raises(InputError, match=r"has 2 sources; leave --root out"):
        read_history([], "7", str(tmp_path / "new.csv"), root=both)
    with pytest.raises(InputError, match=r"--root needs --user ID"):
        read_history([], None, None, root=root)
    with pytest.raises(InputError, match=r"there is no summary\.json"):
        read_history([], "7", None, root=tmp_path)


def test_what_the_user_gave_back_is_left_out(tmp_path: Path) -> None:
    rows = [
        ("7", "cup", "purchase", 1, "100", 1),
        ("7", "pot", "purchase", 2, "101", 2),
        ("8", "pot", "purchase", 2, "102", 1),
        ("7", "pot", "refund", 3, "103", -2),
        ("7", "cup", "purchase", 4, "C104", 1),
        ("7", "mug", "purchase", 5, "105", 1),
    ]
    columns = ["user_id", "product_id", "event_type", "timestamp", "basket_id", "quantity"]
    file = write(pd.DataFrame(rows, columns=columns), tmp_path / "events.csv")
    assert read_user_history(file, "7").product_ids == ("mug",)
    assert read_user_history(file, "8").product_ids == ("pot",)
    # What came back later was still there then.
    assert read_user_history(file, "7", at="2").product_ids == ("cup", "pot")
    assert read_user_history(file, "7", at="3").product_ids == ("cup",)


def test_a_till_that_knows_no_users_stands_beside_the_shop(tmp_path: Path) -> None:
    till = pd.DataFrame(
        {"product_id": ["cup", ""], "event_type": "purchase", "timestamp": LATEST, "basket_id": ["1", "2"]}
    )
    shop, tills = (write(table, tmp_path / f"{name}.csv") for name, table in (("shop", EVENTS), ("till", till)))
    sources = [TableSource(path=shop), TableSource(path=tills, guests="baskets")]
    history = user_history.read_user_history(sources, "7")
    assert history.product_ids == ("early", "middle", "late")
    assert str(history.as_of_line()).endswith("; bad rows left out: 1")


def test_what_is_bought_in_a_run_is_what_a_return_cancels(tmp_path: Path) -> None:
    rows = [("7", "cup", "order", 1, 1), ("7", "pot", "order", 2, 1), ("7", "cup", "order", 3, -1)]
    columns = ["user_id", "product_id", "event_type", "timestamp", "quantity"]
    source = TableSource(path=write(pd.DataFrame(rows, columns=columns), tmp_path / "events.csv"))
    tasks = {
        "recommendation": RecommendationConfig(event_types={"order": 1.0}, bought_event_type="order").model_dump(
            mode="json"
        ),
        "search": None,
    }
    root = _run_with(tmp_path / "run", source, tasks=tasks)
    assert read_history([], "7", None, root=root).product_ids == ("pot",)


def test_a_user_is_found_by_each_of_their_ids(tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("from,to\ntill-1,card-1\ncard-1,7\n", encoding="utf-8")
    till = EVENTS.assign(user_id=["till-1", "card-1", "9", "9"])
    sources = [
        TableSource(path=write(EVENTS, tmp_path / "shop.csv")),
        TableSource(path=write(till, tmp_path / "till.csv"), same_ids={"user_id": str(tmp_path / "ids.csv")}),
    ]
    whole = user_history.read_user_history(sources, "7")
    assert sorted(whole.product_ids) == ["early", "early", "late", "late", "middle"]
    assert user_history.read_user_history(sources, "till-1") == whole
    assert user_history.read_user_history(sources, "card-1") == whole
