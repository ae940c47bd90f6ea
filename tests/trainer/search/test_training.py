"""Training end to end on a tiny shop: the text frozen, by LoRA and in full."""

import dataclasses
import functools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.fitting.tensorboard_scalars import read_scalars
from tests.trainer.search.tiny_search import ADDED, KINDS, PRODUCTS, TinySearch, product_texts
from trainer.fitting.training_summary import run_training
from trainer.search.encoder import load_encoder, text_embedder
from trainer.search.options import SearchOptions, SearchTrainingOptions
from trainer.search.training import run
from trainer.text.backbone import load_text_encoder

# Towers of queries have tests of their own in query_tower/.
TRAINING = SearchTrainingOptions(
    batch_size=14,
    hard_negatives=2,
    mined_from=3,
    mined_to=12,
    max_epochs=3,
    patience=3,
    learning_rate=1e-2,
    query_layers=0,
)
EVERY_TRAINING = pytest.mark.parametrize(
    "training", ["frozen", *(pytest.param(name, marks=pytest.mark.long) for name in ("lora", "full"))]
)
EVAL_QUERIES = [f"{name} {ending}" for name in KINDS.values() for ending in ADDED[7:]]
# 4 kinds of 7 queries each, with 6 products that answer.
PAIRS = 168


def options(shop: TinySearch, training: str, **changes: Any) -> str:
    chosen = TRAINING.model_copy(update=changes)
    return SearchOptions(text=shop.text(training), training=chosen).model_dump_json()


@pytest.fixture(scope="module")
def trained(shop: TinySearch, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of each kind of training, which is trained once, when it is asked for."""

    @functools.cache
    def train(training: str) -> Path:
        folder = tmp_path_factory.mktemp(training)
        run_training(
            run, shop.request(folder, options(shop, training, learning_rate=1e-2 if training == "full" else 3e-2))
        )
        return folder

    return train


def summary_of(folder: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((folder / "model" / "training.json").read_text())
    return summary


def plain_ndcg(query_vectors: np.ndarray, vectors: np.ndarray, texts: list[str]) -> float:
    """NDCG@10 over the eval queries by a full sort; six texts answer each."""
    ideal = sum(1 / math.log2(place + 2) for place in range(6))
    found = []
    for row, query in enumerate(query_vectors):
        kind = list(KINDS)[row // len(ADDED[7:])]
        order = np.argsort(-(vectors @ query), kind="stable")[:10]
        gains = [1 / math.log2(place + 2) for place, text in enumerate(order) if texts[text].split()[:1] == [kind]]
        found.append(sum(gains) / ideal)
    return float(np.mean(found))


def ndcg_of(folder: Path) -> float:
    encoder, texts = load_encoder(str(folder / "model")), list(dict.fromkeys(product_texts()))
    vectors = encoder.embed(texts, 16)
    if encoder.head is not None:
        # A product without a text has no vector.
        vectors[texts.index("")] = 0.0
    return plain_ndcg(encoder.embed(EVAL_QUERIES, 16), vectors, texts)


@EVERY_TRAINING
def test_the_loss_falls_and_the_saved_encoder_is_that_of_the_best_epoch(
    trained: Callable[[str], Path], shop: TinySearch, training: str
) -> None:
    folder = trained(training)
    summary, losses = summary_of(folder), read_scalars(folder / "log" / "train")["epoch_loss"]
    assert losses[summary["epochs"] - 1] < losses[0]
    assert summary["eval"]["ndcg_at_10"] == pytest.approx(ndcg_of(folder), abs=1e-4)
    untrained, texts = load_text_encoder(shop.text()), list(dict.fromkeys(product_texts()))
    before = plain_ndcg(*(untrained(tf.constant(rows)).numpy() for rows in (EVAL_QUERIES, texts)), texts)
    # So few numbers of so small a BERT are LoRA's that it learns little.
    assert summary["eval"]["ndcg_at_10"] > before + (0.0 if training == "lora" else 0.1)


@EVERY_TRAINING
def test_an_exported_embedder_gives_the_vectors_of_the_encoder(
    trained: Callable[[str], Path], training: str, tmp_path: Path
) -> None:
    encoder = load_encoder(str(trained(training) / "model"))
    assert (encoder.head is not None) == (training == "frozen")
    tf.saved_model.save(text_embedder(encoder), str(tmp_path))
    texts = [*EVAL_QUERIES, *product_texts(), "牛奶", "😀"]
    loaded = tf.saved_model.load(str(tmp_path))
    vectors, known = loaded.embed(tf.constant(texts))
    np.testing.assert_allclose(vectors, encoder.embed(texts, 16), atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert known.numpy().tolist() == [text not in ("", "😀") for text in texts]


# tests/trainer/classification/test_training.py has a short one.
@pytest.mark.long
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("training", ["frozen", "full"])
def test_mixed_precision_learns_and_is_kept_as_it_is_served(
    shop: TinySearch, training: str, precision: str, tmp_path: Path
) -> None:
    changes = {"learning_rate": 1e-2 if training == "full" else 3e-2, "precision": precision, "strategy": "cpu"}
    run_training(run, shop.request(tmp_path, options(shop, training, **changes)))
    summary, losses = summary_of(tmp_path), read_scalars(tmp_path / "log" / "train")["epoch_loss"]
    assert losses[summary["epochs"] - 1] < losses[0]
    encoder = load_encoder(str(tmp_path / "model"))
    vectors, _ = text_embedder(encoder).embed(tf.constant(EVAL_QUERIES))
    np.testing.assert_allclose(vectors, encoder.embed(EVAL_QUERIES, 16), atol=1e-5)
    # Metrics of the epochs are those of half precision, in which ties of a BERT so small fall otherwise.
    assert summary["eval"]["ndcg_at_10"] == pytest.approx(ndcg_of(tmp_path), abs=0.05)


@EVERY_TRAINING
def test_what_is_trained_differs_and_what_is_frozen_does_not(
    trained: Callable[[str], Path], shop: TinySearch, training: str
) -> None:
    before = {weight.path: np.asarray(weight) for weight in load_text_encoder(shop.text()).backbone.weights}
    after = load_encoder(str(trained(training) / "model")).text_encoder.backbone.weights
    changed = {weight.path for weight in after if np.abs(np.asarray(weight) - before[weight.path]).max() > 1e-6}
    assert bool(changed) == (training != "frozen")
    if training == "lora":
        kernels = {path for path in changed if path.endswith("kernel")}
        assert kernels
        assert all("feedforward" in path for path in kernels), kernels
        assert all(path.endswith(("bias", "gamma", "beta")) for path in changed - kernels), changed


@EVERY_TRAINING
def test_the_summary_tells_what_happened(trained: Callable[[str], Path], training: str) -> None:
    summary = summary_of(trained(training))
    assert 1 <= summary["best_epoch"] <= summary["epochs"] <= 3
    assert summary["examples"] == {"train": 28, "pairs": PAIRS}
    assert set(summary["eval"]) == {"ndcg_at_10", "recall_at_10", "mrr_at_10", "neighbours_kept"}
    assert summary["seconds"] > 0
    if training == "frozen":
        head = load_encoder(str(trained(training) / "model")).head
        assert summary["parameters"] == 16 * (16 + head.vocabulary_size)


def test_tensorboard_gets_each_step_and_the_metrics_of_each_epoch(trained: Callable[[str], Path]) -> None:
    folder = trained("frozen")
    summary, scalars = summary_of(folder), read_scalars(folder / "log" / "train")
    for tag in ("epoch_loss", "epoch_learning_rate", "epoch_eval_ndcg_at_10", "epoch_eval_mrr_at_10"):
        assert sorted(scalars[tag]) == list(range(summary["epochs"])), sorted(scalars)
    assert sorted(scalars["batch_loss"]) == list(range(1, summary["epochs"] * PAIRS // 14 + 1))
    best = read_scalars(folder / "log")
    for name, value in summary["eval"].items():
        epoch = summary["best_epoch"] - 1
        assert best[f"best_epoch/eval_{name}"] == {epoch: pytest.approx(value)}
        assert scalars[f"epoch_eval_{name}"][epoch] == pytest.approx(value)


def test_steps_bound_the_batches(shop: TinySearch, tmp_path: Path) -> None:
    run_training(run, shop.request(tmp_path, options(shop, "frozen"), steps=5))
    assert summary_of(tmp_path)["epochs"] == 1
    assert sorted(read_scalars(tmp_path / "log" / "train")["batch_loss"]) == [1, 2, 3, 4, 5]


@pytest.mark.long
def test_the_same_seed_gives_the_same_encoder(trained: Callable[[str], Path], shop: TinySearch, tmp_path: Path) -> None:
    run_training(run, shop.request(tmp_path, options(shop, "frozen", learning_rate=3e-2)))
    again, first = (load_encoder(str(folder / "model")) for folder in (tmp_path, trained("frozen")))
    np.testing.assert_allclose(again.embed(EVAL_QUERIES, 16), first.embed(EVAL_QUERIES, 16), atol=1e-4)


def test_what_training_needs_is_said(shop: TinySearch, tmp_path: Path) -> None:
    request = dataclasses.replace(shop.request(tmp_path, options(shop, "frozen")), text_vectors_uri=None)
    with pytest.raises(ValueError, match="`text_vectors_uri` should name the vectors"):
        run(request)


def test_the_shop_is_what_the_tests_take_it_for(shop: TinySearch) -> None:
    assert len(product_texts()) == PRODUCTS + 2
    assert len(KINDS) * len(ADDED[:7]) * 6 == PAIRS
