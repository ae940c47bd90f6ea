"""ClassificationExamples: what becomes of duplicates, rare labels, odd labels and given splits."""

import json
from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from components.classification.examples.options import ClassificationExamplesOptions, TextSplitOptions
from components.classification.examples.steps import SPLITS, split_of
from components.errors import InputError
from tests.components.classification.runs import run_examples
from trainer.artifacts.example_files import example_features, split_files

ODD_LABELS = ('a/b,\n"c"', "牛奶 \N{TANGERINE}", "<b>\t&amp;")


def test_texts_are_distinct_and_split_by_hash(tmp_path: Path) -> None:
    rows = [{"text": f"text {place}", "label": ODD_LABELS[place % 3]} for place in range(200)]
    copies = [{"text": f"  {row['text']} \n", "label": row["label"]} for row in rows[:50]]
    conflict = [{"text": "text 7", "label": ODD_LABELS[0]}] * 2
    rare = [{"text": "all alone", "label": "rare"}]
    rows.append({"text": ("long " * 20_000).strip(), "label": ODD_LABELS[1]})
    options = ClassificationExamplesOptions(split=TextSplitOptions(eval_fraction=0.2, test_fraction=0.2))
    run = run_examples(tmp_path, [*rows, *copies, *conflict, *rare], options)
    found = {split: run.pairs(split) for split in SPLITS}
    expected = {row["text"]: row["label"] for row in rows} | {"text 7": ODD_LABELS[0]}
    assert {text: label for pairs in found.values() for text, label in pairs.items()} == expected
    assert sum(map(len, found.values())) == len(expected)
    for split, pairs in found.items():
        assert all(split_of(text, options.split, None, False) == split for text in pairs)
    facts = run.facts()
    assert facts["labels"] == sorted(ODD_LABELS)
    assert facts["examples"] == {split: len(pairs) for split, pairs in found.items()}
    assert facts["counts"] == {
        "texts": 254,
        "duplicate_texts": 52,
        "conflicting_texts": 1,
        "left_out_texts": 1,
        "labels": 3,
    }


def test_labels_and_texts_lose_what_nobody_sees(tmp_path: Path) -> None:
    labels = ("good", " good ", "good\u00a0", "\u200bgood\n", "bad", "\tbad")
    rows = [{"text": f"text {place}", "label": labels[place % 6]} for place in range(120)]
    blank = [{"text": text, "label": "good"} for text in ("\u200b\ufeff", "\x00\x1f", "\u00a0\u2060")]
    unlabelled = [{"text": f"none {place}", "label": label} for place, label in enumerate(("   ", "\u200b", ""))]
    run = run_examples(tmp_path, [*rows, *blank, *unlabelled, {"text": "\u200btext 0\u00a0", "label": "good"}])
    assert run.facts()["labels"] == ["bad", "good"]
    found = {text: label for split in SPLITS for text, label in run.pairs(split).items()}
    assert found == {row["text"]: row["label"].strip("\u200b\u00a0 \t\n") for row in rows}
    assert run.facts()["counts"] == {"texts": 124, "blank_text": 3, "duplicate_texts": 1, "labels": 2}
    refused = json.loads((tmp_path / "table" / "quarantine" / "counts.json").read_text())
    assert refused["bad"] == {"missing_label": 3}


def test_a_given_split_is_kept_and_validation_comes_out_of_training(tmp_path: Path) -> None:
    rows = [
        {"text": f"text {place}", "label": "ab"[place % 2], "part": ("train", "test")[place % 4 == 0], "shop": "x"}
        for place in range(120)
    ]
    # A text in two splits is tested on, and never trained on.
    rows.append({"text": "text 1", "label": "b", "part": "test", "shop": "x"})
    options = ClassificationExamplesOptions(
        split=TextSplitOptions(split_column="part", eval_fraction=0.3), slice_columns=("shop",)
    )
    run = run_examples(tmp_path, rows, options)
    assert set(run.pairs("test")) == {row["text"] for row in rows if row["part"] == "test"}
    validated = set(run.pairs("eval"))
    assert 10 < len(validated) < 50
    assert validated | set(run.pairs("train")) == {row["text"] for row in rows} - set(run.pairs("test"))
    files = split_files(run.examples.uri, "test")
    records = list(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())
    assert {example_features(record)["shop"].bytes_list.value[0] for record in records} == {b"x"}


def test_one_class_beside_a_single_example_is_refused(tmp_path: Path) -> None:
    rows = [{"text": f"text {place}", "label": "one"} for place in range(60)]
    with pytest.raises(InputError, match=r"two labels or more .* it has 1: 'one'"):
        run_examples(tmp_path, [*rows, {"text": "alone", "label": "two"}])


def test_a_split_of_another_name_is_refused(tmp_path: Path) -> None:
    rows = [{"text": f"text {place}", "label": "ab"[place % 2], "part": "dev"} for place in range(20)]
    options = ClassificationExamplesOptions(split=TextSplitOptions(split_column="part"))
    with pytest.raises(Exception, match=r"should name a split: train, eval, test; got 'dev'"):
        run_examples(tmp_path, rows, options)


@given(st.text(min_size=1), st.booleans())
def test_a_split_is_stable_and_is_what_is_given(text: str, has_eval: bool) -> None:
    options = TextSplitOptions()
    text = text.encode("utf-8", "replace").decode()
    assert split_of(text, options, None, has_eval) == split_of(text, options, None, not has_eval)
    assert split_of(text, options, "test", has_eval) == "test"
    assert split_of(text, options, "train", True) == "train"
    assert split_of(text, options, "train", False) in ("train", "eval")
