"""Profiles of a small shop's users, beside what plain Python makes of the same rows."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from components.artifacts import UserProfileRows
from components.errors import InputError
from components.segmentation.profiles.node import UserProfilesExecutor
from components.segmentation.profiles.options import ProfileOptions
from tests.components.recommendation.trained_shop import artifact
from tests.components.segmentation.shop import DAY, OPTIONS, Row, events, products
from tests.components.tables.plain_artifacts import table_artifact
from tests.components.tables.table_runs import beam_context
from tfx_pipeline.tasks.segmentation.profile_files import publish_profiles
from trainer.artifacts.parquet_files import read_parquet

PROFILES = ProfileOptions(chance_days=10, moments=2, favourites=2, max_users=50, window_days=60)
ROWS = events()


def run_profiles(folder: Path, rows: list[Row], options: ProfileOptions = PROFILES) -> Path:
    brands = {"tea": "Leaf", "plain": "Bean", "牛奶": "Leaf"}
    goods = [{**row, "brand": brands.get(row["product_id"])} for row in products()]
    inputs = {
        name: [table_artifact(folder / name, table, 2)] for name, table in {"events": rows, "products": goods}.items()
    }
    made = artifact(UserProfileRows, folder / "profiles")
    UserProfilesExecutor(beam_context(folder)).Do(
        inputs,
        {"profiles": [made]},
        {
            "options_json": OPTIONS.model_dump_json(),
            "profiles_json": options.model_dump_json(),
            "user_id_key": "",
            "seed": 0,
            "source_digest": "any",
        },
    )
    return Path(made.uri)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_profiles(tmp_path_factory.mktemp("profiles"), ROWS)


def test_each_buyer_has_a_row_of_what_he_bought(made: Path) -> None:
    found = {row["user_id"]: row for row in read_parquet(f"{made}/profiles-*.parquet").to_pylist()}
    bought = [row for row in ROWS if row["event_type"] == "purchase"]
    assert set(found) == {row["user_id"] for row in bought}
    end = (max(row["timestamp"] for row in ROWS) // 3600 + 1) * 3600
    category_of = {row["product_id"]: " > ".join(row.get("category", "").split(" > ")[:2]) for row in products()}
    for user, profile in found.items():
        own = [row for row in bought if row["user_id"] == user]
        assert profile["days_since_last"] == pytest.approx((end - own[-1]["timestamp"]) / DAY, rel=1e-4)
        lately = [row for row in own if row["timestamp"] >= end - 60 * DAY]
        days = sorted({(end - row["timestamp"]) // DAY for row in lately})
        assert profile["visits"] == len(days)
        if len(days) > 1:
            assert profile["days_between_visits"] == pytest.approx(np.median(np.diff(days)), rel=1e-4)
        counts = Counter(category_of[row["product_id"]] for row in lately if category_of[row["product_id"]])
        best = sorted(counts, key=lambda name: (-counts[name], name))[:2]
        assert profile["favourite_categories"] == best
        assert len(profile["favourite_brands"]) <= 2


def test_chances_are_told_by_category_and_judged(made: Path, tmp_path: Path) -> None:
    facts: dict[str, Any] = json.loads((made / "chances.json").read_text())
    assert set(facts["categories"]) == {"Food > Dairy", "Food > Bread", "Drinks > Tea"}
    assert 0 < facts["judged_users"] < facts["users"] <= 50
    assert 0.0 < facts["brier"] < 0.35
    publish_profiles(tmp_path, made)
    table = pq.read_table(tmp_path / "users" / "profiles.parquet")
    assert table.num_rows == read_parquet(f"{made}/profiles-*.parquet").num_rows
    for row in table.to_pylist():
        chances = dict(zip(facts["categories"], row["chances"], strict=True))
        assert all(0.0 < chance < 1.0 for chance in chances.values())
        assert row["likely_chances"] == sorted(chances.values(), reverse=True)[:2]
        assert [chances[name] for name in row["likely_categories"]] == row["likely_chances"]
        # The only product that nobody ever bought.
        assert set(row["new_products"]) <= {"never"}
    # Who has stopped halfway is less likely to come than the others.
    stopped = np.array([int(user.split()[1]) % 7 == 0 for user in table["user_id"].to_pylist()])
    means = np.array([np.mean(each) for each in table["chances"].to_pylist()])
    assert means[stopped].mean() < means[~stopped].mean() - 0.1


def test_purchases_over_too_short_a_time_are_a_clear_error(tmp_path: Path) -> None:
    lately = [row for row in ROWS if row["timestamp"] > max(row["timestamp"] for row in ROWS) - 15 * DAY]
    with pytest.raises(Exception, match="20 days or more before the end") as raised:
        run_profiles(tmp_path, lately)
    assert "InputError" in str(raised.value) or isinstance(raised.value, InputError)
