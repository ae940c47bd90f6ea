"""Tables to texts with what they are made of."""

import json
from pathlib import Path
from typing import Any

import pytest
from tfx.types import standard_artifacts

from components.artifacts import Catalogue
from components.errors import InputError
from components.writing.examples.node import WritingExamplesExecutor
from components.writing.examples.options import WritingExamplesOptions, WritingSplitOptions
from tests.components.recommendation.trained_shop import artifact
from tests.components.tables.plain_artifacts import table_artifact
from tests.components.tables.table_runs import beam_context
from trainer.writing.pairs import Pair, load_pairs

OPTIONS = WritingExamplesOptions(
    kinds={"description": ("title", "brand", "price", "attributes"), "reply": ("question", "answer")},
    attributes=("colour", "size"),
    split=WritingSplitOptions(eval_fraction=0.2, test_fraction=0.3, most_test=4),
)


def run(folder: Path, options: WritingExamplesOptions, **tables: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Runs the node; returns the examples' URI and catalogue.json."""
    inputs = {name: [table_artifact(folder / name, rows, 2)] for name, rows in tables.items()}
    outputs = {
        "examples": artifact(standard_artifacts.Examples, folder / "examples"),
        "catalogue": artifact(Catalogue, folder / "catalogue"),
    }
    WritingExamplesExecutor(beam_context(folder)).Do(
        inputs,
        {name: [each] for name, each in outputs.items()},
        {"options_json": options.model_dump_json(), "source_digest": "any"},
    )
    return outputs["examples"].uri, json.loads((folder / "catalogue" / "catalogue.json").read_text())


def test_products_and_answers_become_pairs(tmp_path: Path) -> None:
    products = [
        {
            "product_id": f"p{place}",
            "title": f"tea {place}",
            "brand": "Acme",
            "price": 9.5,
            "colour": "red",
            "size": None,
        }
        | {"description": f"Tea number {place}." if place % 2 else None}
        for place in range(40)
    ]
    answers = [
        {"answer_id": f"a{place}", "text": text, "question": f"question {place}", "intent": "track"}
        for place, text in enumerate(["Look there.", "Please look there.", "Look there, please."] * 10)
    ]
    uri, facts = run(tmp_path, OPTIONS, products=products, answers=answers)
    assert facts["brands"] == ["Acme"]
    pairs = {split: load_pairs(uri, split) for split in ("train", "eval", "test")}
    assert facts["examples"] == {split: len(each) for split, each in pairs.items()}
    assert len(pairs["test"]) == 4
    assert all(pair.target for each in pairs.values() for pair in each)
    known = [pair for pair in pairs["train"] if pair.what == "description"]
    place = known[0].named()["title"].split()[1]
    fields = {"title": f"tea {place}", "brand": "Acme", "price": "9.50", "attributes": "colour: red"}
    assert known[0] == Pair.of("description", fields, f"Tea number {place}.")
    replies = [pair for pair in pairs["train"] if pair.what == "reply"]
    assert len({pair.named()["answer"] for pair in replies}) == 1
    assert all(pair.target != pair.named()["answer"] for pair in replies)
    # What a text is about decides its part, so that nothing is trained on that it is judged on.
    titles = [{pair.fields for pair in each} for each in pairs.values()]
    assert not titles[0] & titles[1] | titles[0] & titles[2] | titles[1] & titles[2]


def test_a_shop_without_texts_is_judged_on_its_products(tmp_path: Path) -> None:
    # Each twice, as no text is made of a category.
    products = [
        {"product_id": f"p{place}", "title": f"tea {place // 2}", "category": f"c{place}"} for place in range(60)
    ]
    uri, facts = run(tmp_path, OPTIONS, products=products)
    assert facts["brands"] == []
    assert facts["examples"] == {"train": 0, "eval": 0, "test": 4}
    test = load_pairs(uri, "test")
    assert [pair.target for pair in test] == [""] * 4
    assert len({pair.named()["title"] for pair in test}) == 4


def test_another_kind_of_text_is_judged_where_there_are_no_descriptions(tmp_path: Path) -> None:
    products = [{"product_id": f"p{place}", "title": f"tea {place}", "description": "d"} for place in range(30)]
    options = OPTIONS.model_copy(update={"kinds": {"reply": (), "headline": ("title", "description")}})
    uri, _ = run(tmp_path, options, products=products)
    assert {(pair.what, pair.named()["description"], pair.target) for pair in load_pairs(uri, "test")} == {
        ("headline", "d", "")
    }


def test_nothing_to_write_about_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found nothing to write about"):
        run(
            tmp_path,
            OPTIONS.model_copy(update={"kinds": {"reply": ()}}),
            products=[{"product_id": "p", "title": "tea"}],
        )
