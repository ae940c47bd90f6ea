"""What terminal and report say of uplift, and of what a run published of segments and offers."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.response.judging.uplift_summary import JudgedRows, uplift_summary
from tests.tfx_pipeline.tasks.response.campaign.audiences import audience_table
from tfx_pipeline.summary.model import TaskSummary
from tfx_pipeline.tasks.response.campaign.audience import read_audience
from tfx_pipeline.tasks.response.campaign.publishing import publish_offers
from tfx_pipeline.tasks.response.uplift_outcome import uplift_lines
from tfx_pipeline.tasks.response.uplift_report import offer_blocks, uplift_blocks, uplift_figures


def summary(**details):
    return TaskSummary(
        metrics={}, baselines={}, blessed=True, refused_because=[], pushed=None, examples={}, counts={}, model_bytes=0,
        **details,
    )  # fmt: skip


@pytest.fixture(scope="module")
def uplift():
    generator = np.random.default_rng(0)
    arm, moved = generator.integers(2, size=3000), generator.random(3000) < 0.5
    expected = np.column_stack([np.full(3000, 0.2), 0.2 + 0.4 * moved])
    outcomes = (generator.random(3000) < expected[np.arange(3000), arm]).astype(float)
    return uplift_summary(JudgedRows(("none", "mail"), arm, np.full(3000, 0.5), outcomes, expected), 0, 100)


def test_uplift_is_said_and_drawn(uplift):
    told = summary(uplift=uplift)
    first, value = uplift_lines(told)
    assert "the model tells apart whom it moves" in first
    assert value.startswith("showing by this model: 0.")
    assert "nobody 0." in value or "`mail` for everybody 0." in value
    treatments, policies = uplift_blocks(told)
    assert treatments.table.rows[0][0].text == "mail"
    assert [row[0].text for row in policies.table.rows] == ["by this model", "nobody", "`mail` for everybody"]
    (figure,) = uplift_figures(told)
    assert "mail" in figure.svg
    nothing = summary()
    assert (uplift_lines(nothing), uplift_blocks(nothing), uplift_figures(nothing)) == ([], [], [])


def test_a_run_publishes_offers_with_segments(tmp_path, uplift):
    table = audience_table(90)
    artifact = tmp_path / "artifact"
    artifact.mkdir()
    unknown = table.set_column(2, "segment", pa.nulls(90, pa.string()))
    pq.write_table(unknown, artifact / "answers-00000-of-00001.parquet")
    (tmp_path / "segments").mkdir()
    pq.write_table(table.select(["user_id", "segment"]).slice(1), tmp_path / "segments" / "segments-0.parquet")
    publish_offers(tmp_path, artifact, uplift)
    audience = read_audience(tmp_path, "tea")
    assert audience.facts["told_apart"]
    assert audience.users["segment"].to_pylist() == [None, *table["segment"].to_pylist()[1:]]
    (block,) = offer_blocks(summary(), tmp_path)
    assert block.table.headings == ["segment", "tea"]
    frame = table.to_pandas().iloc[1:]
    for row in block.table.rows:
        if row[0].text != "all":
            part = frame[frame.segment == row[0].text]
            assert row[1].text == f"{part.probability.mean():.3f} {part.uplift.mean():+.3f}"
    assert offer_blocks(summary(), tmp_path / "nowhere") == []
