"""A shop that answers questions: its examples, the trained model, as it is served, judged and validated."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.
from tfx.types import Artifact

from components.checks.support import failed_checks
from components.pushing.serving_validator import validate
from components.support.judging.gate_options import SupportEvaluatorOptions
from tests.components.support.shop import (
    ANSWERS,
    PRODUCTS,
    TAILS,
    WORDS,
    ExamplesRun,
    answers,
    dialogues,
    evaluate,
    run_examples,
    text_options,
    train,
)
from trainer.artifacts.parquet_files import read_parquet

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("support")


@pytest.fixture(scope="module")
def made(folder: Path) -> ExamplesRun:
    return run_examples(
        folder / "examples", {"answers": answers(), "dialogues": dialogues(), "products": list(PRODUCTS)}
    )


@pytest.fixture(scope="module")
def trained(folder: Path, made: ExamplesRun, tiny_bert: Path) -> Artifact:
    return train(folder, made, tiny_bert)


@pytest.fixture(scope="module")
def model(trained: Artifact) -> Any:
    return tf.saved_model.load(f"{trained.uri}/Format-Serving")


def ask(model: Any, *questions: str, earlier: str = "", product_id: str = "") -> dict[str, Any]:
    rows = len(questions)
    turns = [[b""] * 5 + [earlier.encode()]] * rows
    found = model.signatures["reply"](
        question=tf.constant(list(questions)), earlier=tf.constant(turns), product_id=tf.constant([product_id] * rows)
    )
    return {name: values.numpy() for name, values in found.items()}


def test_equal_answers_are_one_and_each_pair_is_one_example(made: ExamplesRun) -> None:
    table = read_parquet(f"{made.outputs['catalogue'].uri}/catalogue.parquet").to_pylist()
    assert [row["answer_id"] for row in table] == sorted([*ANSWERS, "g alone"])
    by_id = {row["answer_id"]: row for row in table}
    assert by_id["a milk"] == {
        "answer_id": "a milk",
        "text": ANSWERS["a milk"][0],
        "intent": "milk",
        "product_id": "",
        "category": "",
    }
    assert (by_id["e product"]["product_id"], by_id["f category"]["category"]) == ("p\n1", "food > apple")
    rows = [row for split in ("train", "eval", "test") for row in made.split(split)]
    expected = {(f"{word} {tail}", answer_id) for answer_id in ANSWERS for word in WORDS[answer_id] for tail in TAILS}
    expected |= {("kids milk", "a milk"), ("apple do you have milk", "a milk"), ("then tea", "c 茶")}
    found = [(row["question"][0].decode(), table[row["answer"][0]]["answer_id"]) for row in rows]
    assert len(found) == len(set(found))
    assert set(found) == expected
    talk = next(row for row in rows if row["question"] == [b"then tea"])
    milk = ANSWERS["a milk"][0]
    assert [turn.decode() for turn in talk["earlier"]] == [
        "apple",
        "do you have milk",
        milk,
        "and bread",
        "I do not know",
    ]
    facts = made.facts()
    assert facts["counts"]["turns_that_are_no_answer"] == 1
    assert sum(facts["examples"].values()) == len(expected)


def test_what_is_served_is_what_was_trained(made: ExamplesRun, folder: Path, model: Any, trained: Artifact) -> None:
    """A question alone gets the same answers as among others, and as its own texts say by brute force."""
    questions = ["red milk a", "small bread 12", "茶 c d", "green cheese oz"]
    together = ask(model, *questions)
    for row, question in enumerate(questions):
        alone = ask(model, question)
        for name, values in alone.items():
            if values.dtype == object or values.dtype == bool:
                np.testing.assert_array_equal(values[0], together[name][row], err_msg=name)
            else:
                np.testing.assert_allclose(values[0], together[name][row], atol=1e-5)
    assert (np.diff(together["scores"], axis=1) <= 0).all()


def test_answers_about_another_product_are_not_given(model: Any) -> None:
    found = ask(model, "green cheese a", product_id="p3")
    assert b"e product" not in found["answer_ids"][0].tolist()
    assert b"f category" not in found["answer_ids"][0].tolist()
    fruit = ask(model, "big apple a", product_id="牛奶")["answer_ids"][0].tolist()
    assert b"e product" not in fruit


def test_a_product_answers_with_its_own_text(model: Any) -> None:
    found = ask(model, "Kids eat it with bread", product_id="p\n1")
    place = found["answer_ids"][0].tolist().index(b"product:p\n1")
    assert found["texts"][0][place].decode() == "Kids eat it with bread"
    assert all(not each.startswith(b"product:") for each in ask(model, "bread")["answer_ids"][0])


def test_slots_are_found_in_the_question_and_then_in_the_latest_turn(model: Any) -> None:
    found = ask(model, "where is order AB-123456 of 2026-01-31?", earlier="order 777777")
    assert found["slot_names"][0].tolist() == [b"order_number", b"date"]
    assert found["slot_values"][0].tolist() == [b"AB-123456", b"2026-01-31"]
    found = ask(model, "where is it?", earlier="order 777777")
    assert found["slot_values"][0].tolist() == [b"777777", b""]
    assert found["slot_names"][0].tolist() == [b"order_number", b""]


def test_nothing_is_handed_over(model: Any) -> None:
    found = ask(model, "", " \n ", "milk a")
    assert found["hand_over"][:2].tolist() == [True, True]
    assert found["reason"][:2].tolist() == [b"empty_question"] * 2
    assert (found["answer_ids"][:2] == b"").all()
    assert found["intent"][0] == b""


def test_the_server_answers_and_finds_nothing_wrong(trained: Artifact) -> None:
    assert validate(f"{trained.uri}/Format-Serving", "support", failed_checks, own_process=False) == []


def test_the_gate_compares_with_words_and_with_the_encoder_alone(
    folder: Path, made: ExamplesRun, trained: Artifact, tiny_bert: Path
) -> None:
    options = SupportEvaluatorOptions(text=text_options(tiny_bert), max_wrong=0.3)
    found, blessing = evaluate(folder, made, trained, options, f"{trained.uri}/Format-Serving")
    assert found["blessed"], found["refused_because"]
    assert blessing.get_int_custom_property("blessed") == 1
    assert set(found["baselines"]) == {"bm25", "encoder"}
    metrics = found["metrics"]["test"]
    # The tiny BERT knows nothing, so known questions and words are all that finds an answer.
    assert metrics["accuracy"] > found["baselines"]["encoder"]["accuracy"]
    curve = found["risk_coverage"]
    assert [point["answered"] for point in curve] == sorted(point["answered"] for point in curve)
    assert curve[-1]["wrong"] == pytest.approx(1.0 - metrics["accuracy"])
    assert found["last_blessed"]["metrics"]["mrr"] == pytest.approx(metrics["mrr"])
