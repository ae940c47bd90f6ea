"""Segments of a run beside those of the run before."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from components.segmentation.examples.moments import segment_definitions
from tfx_pipeline.shop.beam_options import LOCAL_BEAM_ARGS
from tfx_pipeline.tasks.segmentation.segment_files import definitions_changed, publish_segments, read_segment_files

PROBABILITIES = {"a": 0.25, "b": 0.75, "牛": 0.875}


def write_artifact(folder: Path, segments: dict[str, str]) -> Path:
    folder.mkdir()
    for number in range(2):
        part = list(segments.items())[number::2]
        table = pa.table(
            {
                "user_id": [user for user, _ in part],
                "segment": [segment for _, segment in part],
                "probability": pa.array([PROBABILITIES.get(user, 0.5) for user, _ in part], pa.float32()),
            }
        )
        pq.write_table(table, folder / f"segments-{number:05d}-of-00002.parquet")
    (folder / "profiles.json").write_text(json.dumps({name: {} for name in sorted(set(segments.values()))}))
    return folder


def test_who_moved_stands_beside_the_segments(tmp_path: Path) -> None:
    root = tmp_path / "root"
    first = write_artifact(tmp_path / "1", {"a": "low", "b": "low", "牛": "high", "gone": "high"})
    publish_segments(root, first, None, LOCAL_BEAM_ARGS)
    assert pq.read_table(root / "segments" / "transitions.parquet").num_rows == 0
    assert read_segment_files(root)["transitions"] == []
    second = write_artifact(tmp_path / "2", {"a": "low", "b": "high", "牛": "low", "new": "low"})
    for _ in range(2):  # The second time nothing changes.
        publish_segments(root, second, None, LOCAL_BEAM_ARGS)
        moved = {row["user_id"]: (row["from"], row["to"]) for row in _rows(root)}
        assert moved == {"b": ("low", "high"), "牛": ("high", "low"), "gone": ("high", ""), "new": ("", "low")}
        ways = {(row["from"], row["to"]): row["users"] for row in read_segment_files(root)["transitions"]}
        assert ways == {("low", "low"): 1, ("low", "high"): 1, ("high", "low"): 1, ("high", ""): 1, ("", "low"): 1}
    assert sorted(file.name for file in (root / "segments").glob("segments-*")) == [
        "segments-00000-of-00002.parquet",
        "segments-00001-of-00002.parquet",
    ]
    assert not list(root.glob(".segments*"))


def test_a_campaign_lists_the_products_of_each_segment(tmp_path: Path) -> None:
    artifact = write_artifact(tmp_path / "1", {"a": "low", "b": "high"})
    best, other = (
        {"product_id": "1/2", "title": "茶", "share": 0.5, "lift": 2.0},
        {"product_id": "3", "title": "", "share": 0.25, "lift": 0.5},
    )
    profiles = {"high": {"products": [best, other]}, "low": {"products": [other]}, "mid": {"products": []}}
    (artifact / "profiles.json").write_text(json.dumps(profiles))
    publish_segments(tmp_path / "root", artifact, None, LOCAL_BEAM_ARGS)
    assert pq.read_table(tmp_path / "root" / "segments" / "campaigns.parquet").to_pylist() == [
        {"segment": "high", "rank": 1, **best},
        {"segment": "high", "rank": 2, **other},
        {"segment": "low", "rank": 1, **other},
    ]


def test_a_campaign_lists_the_users_of_each_segment_the_most_probable_first(tmp_path: Path) -> None:
    artifact = write_artifact(tmp_path / "1", {"a": "low", "b": "high", "牛": "low", "c": "low", "d": "low"})
    publish_segments(tmp_path / "root", artifact, None, LOCAL_BEAM_ARGS)
    rows = pq.read_table(tmp_path / "root" / "segments" / "campaign_users.parquet").to_pylist()
    assert [(row["segment"], row["rank"], row["user_id"], row["probability"]) for row in rows] == [
        ("high", 1, "b", 0.75),
        ("low", 1, "牛", 0.875),
        ("low", 2, "c", 0.5),
        ("low", 3, "d", 0.5),
        ("low", 4, "a", 0.25),
    ]


def test_segments_that_stand_for_other_spends_are_told(tmp_path: Path) -> None:
    root = tmp_path / "root"
    cuts = [10.0, 10.0, 12.5, None, None, 12.5]
    definitions = [None if cut is None else segment_definitions(["lapsed", "low", "high"], [cut]) for cut in cuts]
    changed = []
    for number, defined in enumerate(definitions):
        artifact = write_artifact(tmp_path / str(number), {"a": "low"})
        for _ in range(2):  # The second time it says the same.
            changed.append(definitions_changed(root, artifact, defined))
            publish_segments(root, artifact, defined, LOCAL_BEAM_ARGS)
    assert changed == [told for told in (False, False, True, True, False, True) for _ in range(2)]
    # A root that an earlier release wrote.
    (root / "segments" / "origin.json").write_text(json.dumps({"artifact": "another"}))
    assert not definitions_changed(root, artifact, definitions[0])


def test_a_root_without_segments_has_none(tmp_path: Path) -> None:
    assert read_segment_files(tmp_path) == {}


def _rows(root: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = pq.read_table(root / "segments" / "transitions.parquet").to_pylist()
    return rows
