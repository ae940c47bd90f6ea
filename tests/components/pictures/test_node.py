"""PictureVectors through its real executor: paths, URIs and bytes, what equals what, and what is refused."""

import base64
import hashlib
import json
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tfx.types import standard_artifacts

from components.artifacts import PictureVectors, Quarantine
from components.errors import InputError
from components.pictures.encoding import PICTURE_VECTORS_SCHEMA
from components.pictures.node import PictureVectorsExecutor
from components.tables.contract import TABLES, TableOptions
from components.tables.files.picture_places import picture_place
from components.tables.quarantine import read_quarantine_counts
from components.tables.shaping.planning import plan_table
from components.tables.shaping.read_table import read_table
from components.tables.sources import TableSource
from tests.components.tables.table_runs import beam_context
from tests.tiny_pictures import drawn
from trainer.options import PictureOptions
from trainer.pictures.encoder import load_picture_encoder
from trainer.pictures.picture_vectors import load_picture_vectors


@pytest.fixture(scope="module")
def options(tiny_backbone):
    return PictureOptions(backbone=str(tiny_backbone), max_bytes=20_000, batch_size=2, max_bad_fraction=0.9)


def run(folder, references, options, pictures="", known=()):
    """Runs the real executor; returns the uris of the vectors and of the quarantine."""
    rows, vectors, quarantine = standard_artifacts.Examples(), PictureVectors(), Quarantine()
    rows.uri, vectors.uri, quarantine.uri = (str(folder / name) for name in ("rows", "vectors", "quarantine"))
    rows.split_names = '["all"]'
    (folder / "rows" / "Split-all").mkdir(parents=True)
    column = pa.array(
        [None if each is None else [each.encode()] for each in references], pa.large_list(pa.large_binary())
    )
    pq.write_table(pa.table({"image": column}), folder / "rows" / "Split-all" / "data-0.parquet")
    PictureVectorsExecutor(beam_context(folder)).Do(
        {"rows": [rows], "known": list(known)},
        {"vectors": [vectors], "quarantine": [quarantine]},
        {
            "table": "products",
            "column": "image",
            "folder": str(pictures),
            "data": "",
            "options_json": options.model_dump_json(),
            "source_digest": "any",
        },
    )
    return vectors.uri, quarantine.uri


def test_each_distinct_picture_is_encoded_once_wherever_it_lies(tmp_path, options):
    circle, square, stripes = drawn("circle", "red"), drawn("square", "blue", form="JPEG"), drawn("stripes", "green")
    (tmp_path / "a.png").write_bytes(circle)
    (tmp_path / "same.png").write_bytes(circle)
    pq.write_table(
        pa.table({"product_id": list("abcd"), "title": list("abcd"), "image": [square, None, circle, stripes]}),
        tmp_path / "products.parquet",
        row_group_size=3,
    )
    plan = plan_table(
        TABLES["products"],
        TableOptions(picture_columns=("image",)),
        [TableSource(path=str(tmp_path / "products.parquet"))],
    )
    in_parquet = [place for rows in read_table(plan) for place in rows.batch.column("image").to_pylist()]
    assert [picture_place(reference).row for reference in in_parquet] == [0, 1, 2, 3]
    data = "data:image/jpeg;base64," + base64.b64encode(square).decode()
    references = ["a.png", str(tmp_path / "same.png"), data, None, "a.png", *in_parquet]
    uri, quarantine = run(tmp_path, references, options, pictures=tmp_path)
    encoder = load_picture_encoder(options)
    expected = {name: encoder.encode(encoder.decode(name)[np.newaxis])[0] for name in (circle, square, stripes)}
    none = np.full(encoder.dimensions, np.nan)
    found = load_picture_vectors(uri, references)
    np.testing.assert_allclose(
        found,
        [
            *(expected[circle], expected[circle], expected[square], none, expected[circle]),
            *(expected[square], none, expected[circle], expected[stripes]),
        ],
        atol=1e-5,
    )
    stored = pa.concat_tables(pq.read_table(path) for path in (tmp_path / "vectors").glob("vectors-*.parquet"))
    assert len(stored) == 3
    assert read_quarantine_counts(quarantine).bad == {}


def test_a_known_picture_keeps_its_vector_and_others_are_encoded(tmp_path, options):
    circle, square = drawn("circle", "red"), drawn("square", "blue")
    for name, picture in {"a.png": circle, "moved.png": circle, "new.png": square}.items():
        (tmp_path / name).write_bytes(picture)
    encoder = load_picture_encoder(options)
    known = PictureVectors()
    known.uri = str(tmp_path / "known")
    (tmp_path / "known").mkdir()
    # No encoder says this, so whoever has it has not encoded the picture.
    told = np.full((2, encoder.dimensions), 7.0, np.float32)
    digests = [hashlib.sha256(picture).hexdigest() for picture in (circle, drawn("stripes", "green"))]
    table = pa.table([digests, [["a.png"], ["gone.png"]], list(told)], schema=PICTURE_VECTORS_SCHEMA)
    pq.write_table(table, tmp_path / "known" / "vectors-00000-of-00001.parquet")
    references = ["moved.png", "new.png"]
    uri, quarantine = run(tmp_path, references, options, pictures=tmp_path, known=[known])
    found = load_picture_vectors(uri, references)
    np.testing.assert_array_equal(found[0], told[0])
    np.testing.assert_allclose(found[1], encoder.encode(encoder.decode(square)[np.newaxis])[0], atol=1e-5)
    assert len(pa.concat_tables(map(pq.read_table, (tmp_path / "vectors").glob("vectors-*.parquet")))) == 2
    counts = read_quarantine_counts(quarantine)
    assert (counts.rows, counts.good) == (2, 2)


def test_what_cannot_be_used_is_quarantined_with_its_reason(tmp_path, options):
    pictures = {
        "good.png": drawn("circle", "red"),
        "cut.jpg": drawn("circle", "red", form="JPEG")[:400],
        "words.png": b"this is no picture",
        "heavy.png": drawn("circle", "red") + bytes(20_000),
    }
    bomb = bytearray(drawn("circle", "red"))
    bomb[16:24] = (100_000).to_bytes(4, "big") * 2
    pictures["bomb.png"] = bytes(bomb)
    for name, content in pictures.items():
        (tmp_path / name).write_bytes(content)
    references = [*pictures, "nowhere.png", "https://example.com/a.png", "data:image/png;base64,?"]
    uri, quarantine = run(tmp_path, references, options, pictures=tmp_path)
    expected = {
        "cut.jpg": "broken",
        "words.png": "not_jpeg_or_png",
        "heavy.png": "too_many_bytes",
        "bomb.png": "too_many_pixels",
        "nowhere.png": "missing_file",
        "https://example.com/a.png": "unreadable_file",
        "data:image/png;base64,?": "not_base64",
    }
    lines = [
        json.loads(line) for path in (tmp_path / "quarantine").glob("*.jsonl") for line in path.read_text().splitlines()
    ]
    assert {line["row"]["image"]: line["reason"] for line in lines} == expected
    assert {line["table"] for line in lines} == {"products.image"}
    counts = read_quarantine_counts(quarantine)
    assert (counts.rows, counts.good, counts.bad) == (8, 1, dict(Counter(expected.values())))
    known = ~np.isnan(load_picture_vectors(uri, references)).any(axis=1)
    assert known.tolist() == [True] + [False] * 7


def test_too_many_of_those_stop_the_run(tmp_path, options):
    with pytest.raises(InputError, match=r"2 of 2 pictures.*missing_file \(2\).*pictures\.folder"):
        run(tmp_path, ["a.png", "b.png"], options.model_copy(update={"max_bad_fraction": 0.2}))


def test_a_column_without_a_picture_stops_the_run(tmp_path, options):
    with pytest.raises(InputError, match="no row has a picture in column `image`"):
        run(tmp_path, [None, None], options)
