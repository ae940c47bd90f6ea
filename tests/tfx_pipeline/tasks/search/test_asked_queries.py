"""The queries that a report shows, counted by hand."""

from pathlib import Path

from tfx_pipeline.gateway.log.parquet_log import ParquetLog
from tfx_pipeline.tasks.search.asked_queries import Asked, query_blocks, read_queries

DAY = 86_400
NOW = 1_796_040_000


def test_queries_are_counted_by_week_and_by_what_became_of_them(tmp_path: Path) -> None:
    log = ParquetLog(tmp_path / "gateway" / "log")
    # What was asked, how many days ago, what it found, and whether anything was taken.
    asked = [
        *[("Tea  pot", day, 10, True) for day in (0, 1, 2, 8)],
        *[("tea pot", day, 10, None) for day in (3, 9, 13, 14, 20)],
        *[("oat milk", day, 0, False) for day in (0, 0, 1, 2)],
        *[("cheese", day, 5, day == 0) for day in (0, 1, 1, 2, 9, 9, 9, 10, 10)],
        ("rare", 0, 0, False),
    ]
    for place, (query, days, results, clicked) in enumerate(asked):
        row = {"asked_at": NOW - days * DAY, "query": query, "results": results, "clicked": clicked}
        log.write("queries", [row], kind="queries", store="s", sequence=f"{place:03}", at=row["asked_at"])
    # A question to the shop is no search.
    row = {"asked_at": NOW, "query": "do you deliver", "results": 0, "model": "support"}
    log.write("queries", [row], kind="queries", store="s", sequence="999", at=NOW)
    found = read_queries(tmp_path / "gateway" / "log" / "queries")
    assert found == {
        "tea pot": Asked(lately=4, before=3, known=3, taken=3),
        "oat milk": Asked(lately=4, before=0, empty=4),
        "cheese": Asked(lately=4, before=5, known=4, taken=1),
        "rare": Asked(lately=1, empty=1),
    }
    (block,) = query_blocks(tmp_path)
    assert block.table is not None
    assert [[cell.text for cell in row] for row in block.table.rows] == [
        ["rising", "oat milk", "4", "0", "4", "0"],
        ["finds nothing", "oat milk", "4", "0", "4", "0"],
        ["abandoned", "cheese", "4", "5", "0", "3"],
    ]
    assert block.note.startswith("Of 13 searches in the last week of the log, 5 found nothing and 3 found")


def test_a_run_without_a_gateway_has_no_such_table(tmp_path: Path) -> None:
    assert query_blocks(tmp_path) == []
    assert query_blocks(None) == []
