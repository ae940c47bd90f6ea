"""`<root>/offers/` as a run publishes it, and what it says of segments."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow.dataset import dataset

from tfx_pipeline.tasks.response.campaign.audience import ANSWERS, ANSWERS_SCHEMA, FACTS_FILE, FOLDER, NO_SEGMENT

_SEGMENTS = "segments/segments-*.parquet"


def publish_offers(root: Path, artifact: Path, uplift: Mapping[str, Any] | None) -> None:
    """Puts the answers of a run under `<root>/offers/`, with each user's segment; the folder appears whole or not.

    A segment is that of the users table where the model is told it, else the one that the task segmentation gave. The
    segments of all users are held in memory, some 50 bytes each.

    Args:
        root: The run's folder.
        artifact: What UserOffers wrote.
        uplift: What the summary says of uplift; None where the model learned from no treatments.
    """
    folder, partial = root / FOLDER, root / f".{FOLDER}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700, parents=True)
    segments = _segments_of_run(root)
    for file in sorted(artifact.glob(ANSWERS)):
        source = pq.ParquetFile(file)
        with pq.ParquetWriter(partial / file.name, ANSWERS_SCHEMA) as writer:
            for batch in source.iter_batches():
                writer.write_table(_with_segments(pa.Table.from_batches([batch], ANSWERS_SCHEMA), segments))
    (partial / FACTS_FILE).write_text(json.dumps(_facts(uplift), ensure_ascii=False), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def offers_by_segment(root: Path) -> dict[str, dict[str, dict[str, float | None]]]:
    """Returns the mean `probability` and `uplift` of each segment and offer, the largest segment first."""
    files = [str(file) for file in sorted((root / FOLDER).glob(ANSWERS))]
    if not files:
        return {}
    answers = dataset(files, schema=ANSWERS_SCHEMA).to_table(["segment", "offer_id", "probability", "uplift"])
    answers = answers.set_column(0, "segment", pc.fill_null(answers["segment"], NO_SEGMENT))
    grouped = answers.group_by(["segment", "offer_id"]).aggregate(
        [("probability", "count"), ("probability", "mean"), ("uplift", "mean")]
    )
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    for row in sorted(
        grouped.to_pylist(), key=lambda row: (-row["probability_count"], row["segment"], row["offer_id"])
    ):
        found.setdefault(row["segment"], {})[row["offer_id"]] = {
            "probability": row["probability_mean"],
            "uplift": row["uplift_mean"],
        }
    return found


def _segments_of_run(root: Path) -> pa.Table | None:
    files = [str(file) for file in sorted(root.glob(_SEGMENTS))]
    return dataset(files).to_table(["user_id", "segment"]) if files else None


def _with_segments(answers: pa.Table, segments: pa.Table | None) -> pa.Table:
    if segments is None or answers["segment"].null_count < len(answers):
        return answers
    place = pc.index_in(answers["user_id"], value_set=segments["user_id"].combine_chunks())
    return answers.set_column(
        answers.column_names.index("segment"), "segment", segments["segment"].combine_chunks().take(place)
    )


def _facts(uplift: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns what `Audience.facts` says."""
    if uplift is None:
        return {"control": None, "told_apart": None, "effect": None}
    treatments = uplift["treatments"]
    best = max(treatments.values(), key=lambda found: found["effect"]["mean"] or 0.0)
    return {
        "control": uplift["control"],
        "told_apart": any(found["told_apart"] for found in treatments.values()),
        "effect": best["effect"],
    }
