"""A trained response model: as it is trained, as it is served, judged and validated."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import log_loss, roc_auc_score
from tfx.types import Artifact

from components.checks.response import failed_checks
from components.pushing.serving_validator import validate
from components.response.judging.evaluator import evaluated
from components.response.judging.gate_options import ResponseGateOptions
from tests.components.response.shop import (
    DAY,
    OF_OFFER,
    OFFERS,
    OPTIONS,
    START,
    ExamplesRun,
    evaluate,
    events,
    impressions,
    run_examples,
    tables,
    train,
)
from tests.trainer.fitting.tensorboard_scalars import read_scalars
from trainer.artifacts.parquet_files import read_parquet
from trainer.exporting import read_model_card
from trainer.response.examples import load_impressions
from trainer.response.fitting import predicted_probabilities
from trainer.response.training import load_network

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("response")


@pytest.fixture(scope="module")
def made(folder: Path) -> ExamplesRun:
    return run_examples(folder / "examples", tables(impressions()))


@pytest.fixture(scope="module")
def trained(folder: Path, made: ExamplesRun) -> Artifact:
    return train(folder, made)


@pytest.fixture(scope="module")
def model(trained: Artifact) -> Any:
    return tf.saved_model.load(f"{trained.uri}/Format-Serving")


def test_served_probabilities_are_those_of_the_trained_model(made: ExamplesRun, trained: Artifact, model: Any) -> None:
    facts = made.facts()
    rows = load_impressions(made.outputs["examples"].uri, "test", facts)
    network, names = load_network(trained.uri)
    items = [offer.encode() for offer in sorted(OFFERS, key=str.encode)]
    expected = predicted_probabilities(network, rows.table(names, items))
    files = sorted((Path(made.outputs["examples"].uri) / "Split-test").glob("*.gz"))
    records = [each.numpy() for each in tf.data.TFRecordDataset([str(file) for file in files], "GZIP")]
    np.testing.assert_allclose(evaluated(model, records)["probabilities"], expected, atol=1e-5)


def test_a_request_is_answered_as_its_example(made: ExamplesRun, model: Any) -> None:
    """What a client sends of a user in the test period gives the probability that the example of it has."""
    rows, acts = impressions(), events()
    totals = {offer: [row for row in rows if row["offer_id"] == offer] for offer in OFFERS}
    checked = 0
    for example in made.split("test"):
        if not example["user_id"] or checked == 5:
            continue
        user, item, now = (example[name][0] for name in ("user_id", "item", "shown_at"))
        own = [row for row in rows if row["user_id"] == user.decode()]
        row = next(each for each in own if each["shown_at"] == now and each["offer_id"] == item.decode())
        past = sorted((e for e in acts if e["user_id"] == user.decode() and e["timestamp"] < now), key=_time)
        shown = sorted((each for each in own if each["shown_at"] < now), key=lambda each: each["shown_at"])
        inputs = {
            "history_ids": _texts([each["product_id"] for each in past], OPTIONS.history_length),
            "history_types": _texts([each["event_type"] for each in past], OPTIONS.history_length),
            "history_age_seconds": _floats([now - each["timestamp"] for each in past], OPTIONS.history_length),
            "shown_ids": _texts([each["offer_id"] for each in shown], OPTIONS.shown_length),
            "shown_outcomes": _texts([_furthest(each, now) for each in shown], OPTIONS.shown_length),
            "shown_age_seconds": _floats([now - each["shown_at"] for each in shown], OPTIONS.shown_length),
            "now_seconds": tf.constant([now], tf.int64),
            "placement": tf.constant([row["placement"]]),
            "device": tf.constant([row["device"]]),
            "city": tf.constant([example["categories"][2]]),
            "screen": tf.constant([row["screen"]]),
        }
        found = model.signatures["serving_default"](**inputs, offer_ids=_texts([item.decode()], 5))
        # The served model counts all impressions of an offer; the example those before it.
        features = dict(zip(made.facts()["feature_names"], example["numbers"], strict=True))
        features["offer_shown"] = float(len(totals[item.decode()]))
        for outcome in OPTIONS.outcomes:
            responses = sum(each[outcome] for each in totals[item.decode()])
            features[f"offer_{outcome}_rate"] = (responses + 1.0) / (len(totals[item.decode()]) + 20.0)
        expected = evaluated(model, [_example(example, list(features.values()))])["probabilities"][0, 0]
        assert abs(found["probabilities"].numpy()[0, 0] - expected) < 1e-5
        assert (found["probabilities"].numpy()[0, 1:] == 0.0).all()
        checked += 1
    assert checked == 5


def test_it_has_learned_who_wants_what(folder: Path, made: ExamplesRun, trained: Artifact) -> None:
    options = ResponseGateOptions(baselines=("base_rate",))
    found, blessing = evaluate(folder, made, trained, options, f"{trained.uri}/Format-Serving")
    assert found["blessed"], found["refused_because"]
    assert blessing.get_int_custom_property("blessed") == 1
    judged = read_parquet(f"{folder}/evaluation/impressions-*.parquet").to_pandas()
    happened = judged["outcome"].to_numpy()
    metrics = found["metrics"]["test"]
    assert metrics["auc"] == pytest.approx(roc_auc_score(happened, judged["model"]), abs=1e-6)
    entropy = log_loss(happened, np.full(len(judged), happened.mean()))
    assert metrics["normalised_entropy"] == pytest.approx(log_loss(happened, judged["model"]) / entropy, abs=1e-5)
    assert metrics["explained_entropy"] == pytest.approx(1.0 - metrics["normalised_entropy"])
    assert metrics["auc"] > 0.7
    assert found["baselines"]["base_rate"]["auc"] == 0.5
    assert found["last_blessed"]["metrics"] == metrics
    assert sum(each["impressions"] for each in found["offers"]) == len(judged) == found["impressions"]["test"]


def test_a_model_that_knows_less_than_a_baseline_is_refused(folder: Path, made: ExamplesRun, trained: Artifact) -> None:
    options = ResponseGateOptions(thresholds={"auc": 0.999})
    found, _ = evaluate(folder / "refused", made, trained, options)
    assert any("auc is" in reason for reason in found["refused_because"])


def test_the_best_current_offers_come_first(model: Any) -> None:
    ask = model.signatures["rank_offers"]
    nobody = {
        name: tf.constant(np.full([1, *spec.shape[1:]], b"" if spec.dtype == tf.string else 0), spec.dtype)
        for name, spec in ask.structured_input_signature[1].items()
    }
    milk = nobody | {
        "history_ids": _texts(["牛奶"] * 10, OPTIONS.history_length),
        "history_age_seconds": _floats([DAY] * 10, OPTIONS.history_length),
        "k": tf.constant([4]),
    }

    def ranked(**others: Any) -> list[str]:
        ids: list[bytes] = ask(**milk | others)["offer_ids"].numpy()[0].tolist()
        return [each.decode() for each in ids if each]

    assert set(ranked()) == set(OFFERS)
    assert ranked()[0] == OFFERS[0]
    assert len(ranked(k=tf.constant([2]))) == 2
    # Each offer begins ten days after the one before it.
    assert set(ranked(now_seconds=tf.constant([START + 15 * DAY], tf.int64))) == set(OFFERS[:2])
    assert ranked(now_seconds=tf.constant([START + 500 * DAY], tf.int64)) == []
    seen = {"shown_ids": _texts([OFFERS[0], OFFERS[0], OFFERS[1]], OPTIONS.shown_length)}
    assert OFFERS[0] not in ranked(**seen, max_shown=tf.constant([2]))
    assert OFFERS[1] in ranked(**seen, max_shown=tf.constant([2]))


def test_what_a_history_is_about_explains_an_offer(model: Any) -> None:
    ask = model.signatures["explain"]
    nobody = {
        name: tf.constant(np.full([1, *spec.shape[1:]], b"" if spec.dtype == tf.string else 0), spec.dtype)
        for name, spec in ask.structured_input_signature[1].items()
    }
    history = {
        "history_ids": _texts(["牛奶"] * 10, OPTIONS.history_length),
        "history_age_seconds": _floats([DAY] * 10, OPTIONS.history_length),
    }
    found = ask(**nobody | history | {"offer_id": tf.constant([OFFERS[0]])})
    strengths = np.abs(found["attributions"].numpy()[0])
    assert (np.diff(strengths) <= 1e-7).all()
    named = dict(zip(found["names"].numpy()[0].tolist(), found["attributions"].numpy()[0], strict=True))
    about = sum(value for name, value in named.items() if name.startswith((b"offer_products_", b"days_since_offer_")))
    assert about > 0.0
    assert OF_OFFER[0] == {"牛奶"}


def test_tensorboard_gets_each_step_and_the_metrics_of_each_epoch(trained: Artifact) -> None:
    log = Path(trained.uri).parent / "log"
    summary = json.loads((Path(trained.uri) / "training.json").read_text())
    scalars = read_scalars(log / "train")
    for tag in ("epoch_loss", "epoch_learning_rate", "epoch_eval_explained_entropy", "epoch_eval_auc"):
        assert sorted(scalars[tag]) == list(range(summary["epochs"])), sorted(scalars)
    best = summary["best_epoch"] - 1
    assert scalars["epoch_eval_auc"][best] == pytest.approx(summary["eval"]["auc"])
    # The training on all of the impressions goes as far as the best epoch.
    assert sorted(read_scalars(log / "refit" / "train")["epoch_loss"]) == list(range(summary["best_epoch"]))


def test_the_server_answers_real_requests(trained: Artifact) -> None:
    folder = f"{trained.uri}/Format-Serving"
    assert read_model_card(folder)["outcomes"] == list(OPTIONS.outcomes)
    assert validate(folder, "response", failed_checks, own_process=False) == []


def _time(event: dict[str, Any]) -> int:
    return int(event["timestamp"])


def _furthest(row: dict[str, Any], now: int) -> str:
    known = row["responded_at"] is not None and row["responded_at"] < now
    return ("redeemed" if row["redeemed"] else "clicked") if known else ""


def _texts(values: list[str], width: int) -> tf.Tensor:
    last = values[-width:]
    return tf.constant([[*last, *[""] * (width - len(last))]])


def _floats(values: list[float], width: int) -> tf.Tensor:
    last = [float(each) for each in values[-width:]]
    return tf.constant([[*last, *[0.0] * (width - len(last))]])


def _example(row: dict[str, Any], numbers: list[float]) -> bytes:
    example = tf.train.Example()
    example.features.feature["numbers"].float_list.value.extend(numbers)
    for name in ("categories", "item"):
        example.features.feature[name].bytes_list.value.extend(row[name])
    example.features.feature["vectors"].float_list.value.extend(row["vectors"])
    return bytes(example.SerializeToString())
