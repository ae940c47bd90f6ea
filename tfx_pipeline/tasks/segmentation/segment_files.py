"""`<root>/segments/`: segments of the last blessed run, who moved since the one before, and what each is like."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.options.pipeline_options import PipelineOptions
from pyarrow.dataset import dataset, field

from trainer.artifacts.names import MAP_FILE, PROFILES_FILE, SEGMENTS_PREFIX, shard_names

FOLDER = "segments"
TRANSITIONS_FILE, COUNTS_FILE = "transitions.parquet", "transitions.json"
TRANSITIONS_SCHEMA = pa.schema([("user_id", pa.string()), ("from", pa.string()), ("to", pa.string())])
CAMPAIGNS_FILE = "campaigns.parquet"
CAMPAIGNS_SCHEMA = pa.schema(
    [
        ("segment", pa.string()),
        ("rank", pa.int32()),
        ("product_id", pa.string()),
        ("title", pa.string()),
        ("share", pa.float32()),
        ("lift", pa.float32()),
    ]
)
CAMPAIGN_USERS_FILE = "campaign_users.parquet"
CAMPAIGN_USERS_SCHEMA = pa.schema(
    [("segment", pa.string()), ("rank", pa.int64()), ("user_id", pa.string()), ("probability", pa.float32())]
)
Definitions: TypeAlias = Sequence[Mapping[str, Any]]
_ORIGIN_FILE = "origin.json"
_SEGMENTS = shard_names(SEGMENTS_PREFIX)


def publish_segments(root: Path, artifact: Path, definitions: Definitions | None, beam_args: Sequence[str]) -> None:
    """Puts the segments of a run under `<root>/segments/`, with who moved since the last ones that stand there.

    `campaigns.parquet` lists the products to offer each segment, best first from rank 1; it has no rows where no
    recommendation model took part. `campaign_users.parquet` lists whom to offer them: the users of each segment, the
    most probable first from rank 1.

    A user who is in one of the two runs only has "" for the other. The join runs in Beam; what is counted are pairs of
    segments. Memory grows with the users of the largest segment, some 50 bytes each. The folder appears whole or not at
    all, and stays as it is where it is of this artifact already.

    Args:
        root: The run's folder.
        artifact: What UserSegments wrote.
        definitions: The spends that make each segment; None for given segments.
        beam_args: Arguments of the Beam runner.
    """
    folder, partial = root / FOLDER, root / f".{FOLDER}.partial"
    origin = folder / _ORIGIN_FILE
    if origin.exists() and json.loads(origin.read_text())["artifact"] == str(artifact):
        return
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700, parents=True)
    for file in (*artifact.glob(_SEGMENTS), artifact / PROFILES_FILE, artifact / MAP_FILE):
        if file.exists():
            shutil.copyfile(file, partial / file.name)
    profiles = json.loads((artifact / PROFILES_FILE).read_text(encoding="utf-8"))
    pq.write_table(campaigns_table(profiles), partial / CAMPAIGNS_FILE)
    _write_campaign_users(partial, list(profiles))
    counts = _write_transitions(folder, partial, beam_args)
    (partial / COUNTS_FILE).write_text(json.dumps(counts, indent=1, ensure_ascii=False), encoding="utf-8")
    published = {
        "artifact": str(artifact),
        "segment_definitions": definitions,
        "definitions_changed": definitions_changed(root, artifact, definitions),
    }
    (partial / _ORIGIN_FILE).write_text(json.dumps(published, ensure_ascii=False), encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)


def definitions_changed(root: Path, artifact: Path, definitions: Definitions | None) -> bool:
    """Tells whether segments stand for other spends than those that were published before; `transitions` mix both then.

    Of an artifact that is published already it says what was true when it was. False where nothing was published.

    Args:
        root: The run's folder.
        artifact: What UserSegments wrote.
        definitions: The spends that make each segment; None for given segments.
    """
    origin = root / FOLDER / _ORIGIN_FILE
    if not origin.exists():
        return False
    before = json.loads(origin.read_text(encoding="utf-8"))
    if before["artifact"] == str(artifact):
        return bool(before.get("definitions_changed"))
    # A run that did not say what its own were is taken for one with the same.
    return bool(before.get("segment_definitions", definitions) != definitions)


def read_segment_files(root: Path) -> dict[str, Any]:
    """Returns `profiles`, `transitions` (rows of from, to and users) and `map` (rows of x, y and segment) of a root.

    Empty where there are no segments.
    """
    folder = root / FOLDER
    if not (folder / PROFILES_FILE).exists():
        return {}
    return {
        "profiles": json.loads((folder / PROFILES_FILE).read_text(encoding="utf-8")),
        "transitions": json.loads((folder / COUNTS_FILE).read_text(encoding="utf-8")),
        "map": pq.read_table(folder / MAP_FILE).to_pylist() if (folder / MAP_FILE).exists() else [],
    }


def campaigns_table(profiles: Mapping[str, Any]) -> pa.Table:
    """Returns the products of each segment's profile, in their order, with `CAMPAIGNS_SCHEMA`."""
    rows = [
        {"segment": segment, "rank": rank, **product}
        for segment, profile in profiles.items()
        for rank, product in enumerate(profile.get("products", ()), start=1)
    ]
    return pa.Table.from_pylist(rows, CAMPAIGNS_SCHEMA)


def _write_campaign_users(folder: Path, segments: Sequence[str]) -> None:
    users = dataset([str(file) for file in sorted(folder.glob(_SEGMENTS))])
    columns = ["segment", "user_id", "probability"]
    with pq.ParquetWriter(folder / CAMPAIGN_USERS_FILE, CAMPAIGN_USERS_SCHEMA) as writer:
        for segment in segments:
            own = users.to_table(columns, filter=field("segment") == segment)
            own = own.sort_by([("probability", "descending"), ("user_id", "ascending")])
            rank = pa.array(np.arange(1, len(own) + 1))
            writer.write_table(own.append_column("rank", rank).select(CAMPAIGN_USERS_SCHEMA.names))


def _write_transitions(before: Path, after: Path, beam_args: Sequence[str]) -> list[dict[str, Any]]:
    """Writes who moved; returns how many went from each segment to each, those who stayed too."""
    if not list(before.glob(_SEGMENTS)):
        pq.write_table(TRANSITIONS_SCHEMA.empty_table(), after / TRANSITIONS_FILE)
        return []
    counted = after / "counted"
    with beam.Pipeline(options=PipelineOptions(list(beam_args))) as pipeline:
        sides = {
            name: pipeline
            | f"Read_{name}" >> beam.io.ReadFromParquet(f"{folder}/{_SEGMENTS}", columns=["user_id", "segment"])
            | f"ByUser_{name}" >> beam.Map(lambda row: (row["user_id"], row["segment"]))
            for name, folder in (("from", before), ("to", after))
        }
        pairs = sides | "BringTogether" >> beam.CoGroupByKey() | "Pair" >> beam.FlatMap(_pairs)
        _ = (
            pairs
            | "Moved" >> beam.Filter(lambda row: row["from"] != row["to"])
            | "WriteMoved"
            >> beam.io.WriteToParquet(
                str(after / TRANSITIONS_FILE), TRANSITIONS_SCHEMA, num_shards=1, shard_name_template=""
            )
        )
        _ = (
            pairs
            | "Ways" >> beam.Map(lambda row: (row["from"], row["to"]))
            | "Count" >> beam.combiners.Count.PerElement()
            | "Gather" >> beam.combiners.ToList()
            | "WriteCounts" >> beam.Map(lambda rows: counted.write_text(json.dumps(sorted(rows))))
        )
    counts = [{"from": way[0], "to": way[1], "users": users} for way, users in json.loads(counted.read_text())]
    counted.unlink()
    return counts


def _pairs(element: tuple[str, dict[str, list[str]]]) -> Iterator[dict[str, str]]:
    user, sides = element
    first, second = list(sides["from"]), list(sides["to"])
    yield {"user_id": user, "from": first[0] if first else "", "to": second[0] if second else ""}
