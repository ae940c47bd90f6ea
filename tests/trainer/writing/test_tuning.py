"""LoRA on pairs, what is served of it, and that this is what KerasHub itself writes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.signature_names import CHECK, SERVING_DEFAULT, VARIANTS
from serving.writing.byte_pairs import tidy
from tests.tiny_llama import write_tiny_llama
from trainer.writing.export import export_writing, text_kinds
from trainer.writing.language_model import LanguageModel, load_language_model
from trainer.writing.options import FineTuningOptions, LanguageModelOptions, TextKindOptions, WritingOptions
from trainer.writing.pairs import Pair, requests
from trainer.writing.tuning import tune

# No end of a sentence is needed: the tiny model knows none.
KINDS = {
    "line": TextKindOptions(prompt="{title}[ by {brand}]", templates=("{title}!", "[{brand}: ]{title}")),
    "deal": TextKindOptions(
        prompt="{title}", templates=("{title}[: {offer}]",), allowed_words=("now", "at"), must_say=("offer",)
    ),
}
PAIRS = [
    Pair.of("line", {"title": f"{colour} {kind}"}, f"{colour} {kind} milk")
    for colour in ("red", "blue")
    for kind in "abcdefgh"
]


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> WritingOptions:
    folder = tmp_path_factory.mktemp("llama")
    write_tiny_llama(folder)
    return WritingOptions(
        language=LanguageModelOptions(model=str(folder), prompt_tokens=64, new_tokens=8, variants=3),
        kinds=KINDS,
        training=FineTuningOptions(
            min_pairs=4, lora_rank=8, batch_size=4, max_epochs=30, learning_rate=3e-2, patience=30
        ),
    )


@pytest.fixture(scope="module")
def tuned(options: WritingOptions, tmp_path_factory: pytest.TempPathFactory) -> tuple[LanguageModel, dict[str, Any]]:
    logs = tmp_path_factory.mktemp("logs")
    return tune(
        lambda: load_language_model(options.language.model), PAIRS, PAIRS[::3], options, seed=0, log_uri=str(logs)
    )


@pytest.fixture(scope="module")
def served(
    options: WritingOptions, tuned: tuple[LanguageModel, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Any:
    folder = str(tmp_path_factory.mktemp("served"))
    export_writing(folder, tuned[0], options, ["Acme"], {"what": "line", "title": "red a"}, tuned[1])
    return tf.saved_model.load(folder)


def test_it_learns_and_the_update_is_in_the_weights(
    options: WritingOptions, tuned: tuple[LanguageModel, dict[str, Any]]
) -> None:
    language, summary = tuned
    assert summary["tuned"]
    assert summary["eval"]["loss"] < summary["before"]["loss"]
    assert not any(getattr(layer, "lora_enabled", False) for layer in language.model.backbone._flatten_layers())
    # The loss of the model that is served, by hand, is the one that training stopped at.
    before, after = (
        language.ids_with_special(options.language.before),
        language.ids_with_special(options.language.after),
    )
    losses, count = 0.0, 0
    for pair in PAIRS[::3]:
        prompt, text = (
            language.pieces().tokenize(tf.constant([each]))[0].numpy().tolist()
            for each in (pair.fields[0], pair.target)
        )
        row = [*before, *prompt, *after, *text, language.ends()[0]]
        start = len(row) - len(text) - 1
        logits = (
            language.logits(tf.constant([row[:-1]]), tf.ones([1, len(row) - 1], tf.bool))[0].numpy().astype(np.float64)
        )
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        losses -= logits[np.arange(start - 1, len(row) - 1), row[start:]].sum()
        count += len(text) + 1
    assert summary["eval"]["loss"] == pytest.approx(losses / count, rel=1e-4)


def test_few_pairs_leave_it_as_it_is(options: WritingOptions, tmp_path: Path) -> None:
    _, summary = tune(
        lambda: load_language_model(options.language.model), PAIRS[:3], PAIRS, options, seed=0, log_uri=str(tmp_path)
    )
    assert summary == {"tuned": False, "pairs": 3}


def test_it_learns_in_the_chosen_precision_and_is_served_in_its_own(options: WritingOptions, tmp_path: Path) -> None:
    loaded = []

    def load() -> LanguageModel:
        loaded.append(load_language_model(options.language.model))
        return loaded[-1]

    halved = options.training.model_copy(update={"precision": "mixed_bfloat16"})
    options = options.model_copy(update={"training": halved})
    tuned, summary = tune(load, PAIRS, PAIRS[::3], options, seed=0, log_uri=str(tmp_path), most_steps=1)
    assert summary["hardware"]["precision"] == "mixed_bfloat16"
    for language, expected in ((loaded[0], "bfloat16"), (tuned, "float32")):
        assert {layer.compute_dtype for layer in language.model.backbone.transformer_layers} == {expected}


def test_the_served_text_is_the_trained_models_greedy_text(
    options: WritingOptions, tuned: tuple[LanguageModel, dict[str, Any]], served: Any
) -> None:
    language = tuned[0]
    pairs = [
        *PAIRS[:5],
        Pair.of("line", {"title": "blue tea milk red", "brand": "Acme"}),
        Pair.of("line", {}),
        Pair.of("x", {"title": "a"}),
    ]
    together = {name: values.numpy() for name, values in served.signatures[SERVING_DEFAULT](**requests(pairs)).items()}
    for row, pair in enumerate(pairs):
        alone = served.signatures[SERVING_DEFAULT](**requests([pair]))
        assert {name: values.numpy()[0] for name, values in alone.items()} == {
            name: values[row] for name, values in together.items()
        }
    assert together["reason"][-2:].tolist() == [b"nothing_given", b"unknown_kind"]
    kind = next(kind for kind in text_kinds(options) if kind.name == "line")
    for row, pair in enumerate(pairs[:6]):
        text, ended = greedy(language, options, kind.prompt.fill(pair.named()))
        if together["checked"][row]:
            assert ended
            assert together["text"][row].decode() == text
        else:
            assert together["text"][row].decode() == kind.fallbacks[0].fill(pair.named())
    assert together["checked"][:6].any()


def greedy(language: LanguageModel, options: WritingOptions, prompt: str) -> tuple[str, bool]:
    """Writes token by token without a cache, as a second method."""
    pieces = language.pieces()
    ids = [
        *language.ids_with_special(options.language.before),
        *pieces.tokenize(tidy(tf.constant([prompt])))[0].numpy().tolist(),
        *language.ids_with_special(options.language.after),
    ]
    new: list[int] = []
    while len(new) < options.language.new_tokens:
        row = tf.constant([[*ids, *new]])
        new.append(int(tf.argmax(language.logits(row, tf.ones_like(row, tf.bool))[0, -1])))
        if new[-1] in language.ends():
            break
    ended = new[-1] in language.ends()
    text = pieces.detokenize(
        tf.RaggedTensor.from_row_lengths(tf.constant(new[: len(new) - ended], tf.int32), [len(new) - ended])
    )
    return tidy(text).numpy()[0].decode(), ended


def test_variants_differ_and_begin_with_the_greedy_text(served: Any) -> None:
    pairs = PAIRS[:4]
    first = served.signatures[SERVING_DEFAULT](**requests(pairs))
    found = {name: values.numpy() for name, values in served.signatures[VARIANTS](**requests(pairs)).items()}
    assert found["text"].shape == (4, 3)
    for row in range(4):
        texts = [text for text in found["text"][row] if text]
        assert len(set(texts)) == len(texts)
        if first["checked"][row]:
            assert found["text"][row, 0] == first["text"][row].numpy()


def test_a_text_of_anybody_is_checked(served: Any) -> None:
    asked = requests([PAIRS[0]] * 3)
    texts = tf.constant(["red a", "red b 9", ""])
    found = served.signatures[CHECK](**asked, text=texts)
    assert found["reason"].numpy().tolist() == [b"", b"not in the facts: number 9", b"empty"]
    assert found["shared"].numpy().tolist() == pytest.approx([1.0, 0.5, 0.0])


def test_a_kind_of_text_may_have_few_words_and_must_name_its_offer(served: Any) -> None:
    offered, plain = (Pair.of("deal", {"title": "red tea", "offer": offer}) for offer in ("3 for 2", ""))
    cases = {
        "Red tea, now 3 for 2": "",
        "Red tea for 2": "left out: 3 for 2",
        "Cheap red tea, 3 for 2": "not in the facts: word cheap",
    }
    found = served.signatures[CHECK](**requests([offered] * 3 + [plain]), text=tf.constant([*cases, "now red tea"]))
    assert [reason.decode() for reason in found["reason"].numpy()] == [*cases.values(), ""]
    written = served.signatures[SERVING_DEFAULT](**requests([offered]))
    assert written["written_by"].numpy()[0] == b"template"
    assert written["text"].numpy()[0] == b"red tea: 3 for 2"
