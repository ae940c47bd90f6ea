"""A user's history out of an events table, in each format."""

from pathlib import Path

import pandas as pd
import pytest

from components.errors import InputError
from tfx_pipeline.user_history import history_of_products, read_user_history

EVENTS = pd.DataFrame(
    {
        "user_id": ["7", "7", "8", "7"],
        "product_id": ["late", "early", "other", "middle"],
        "event_type": ["purchase", "view", "view", "cart"],
        "timestamp": [1_700_000_300, 1_700_000_000, 1_700_000_000, 1_700_000_100],
    }
)


@pytest.mark.parametrize("form", ["unix", "iso"])
@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_newest_last_with_ages_from_the_latest_event(tmp_path: Path, suffix: str, form: str) -> None:
    events = EVENTS
    if form == "iso":
        events = EVENTS.assign(
            timestamp=pd.to_datetime(EVENTS["timestamp"], unit="s").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        )
    file = tmp_path / f"events{suffix}"
    match suffix:
        case ".parquet":
            events.to_parquet(file)
        case ".csv":
            events.to_csv(file, index=False)
        case _:
            events.to_json(file, orient="records", lines=True)
    history = read_user_history(file, "7")
    assert history.product_ids == ("early", "middle", "late")
    assert history.event_types == ("view", "cart", "purchase")
    assert history.ages_seconds == (300.0, 200.0, 0.0)


def test_positions_order_events_without_time(tmp_path: Path) -> None:
    events = EVENTS.drop(columns="timestamp").assign(position=[3, 1, 1, 2])
    events.to_parquet(tmp_path / "events.parquet")
    history = read_user_history(tmp_path / "events.parquet", "7")
    assert history.product_ids == ("early", "middle", "late")
    assert history.ages_seconds == (0.0, 0.0, 0.0)


def test_products_are_purchases_of_just_now() -> None:
    history = history_of_products(["a", "b"])
    assert history.event_types == ("purchase", "purchase")
    assert history.ages_seconds == (0.0, 0.0)


def test_mistakes(tmp_path: Path) -> None:
    EVENTS.to_parquet(tmp_path / "events.parquet")
    EVENTS.drop(columns="event_type").to_parquet(tmp_path / "less.parquet")
    with pytest.raises(InputError, match="no event of user 99"):
        read_user_history(tmp_path / "events.parquet", "99")
    with pytest.raises(InputError, match="the column event_type is missing"):
        read_user_history(tmp_path / "less.parquet", "7")
    with pytest.raises(InputError, match="cannot be read"):
        read_user_history(tmp_path / "none.parquet", "7")
    with pytest.raises(InputError, match="expected a file ending in"):
        read_user_history(tmp_path / "events.xlsx", "7")
