"""A trained segmentation: as it is trained, as it is served, judged and validated."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
import tensorflow_text  # noqa: F401  Registers ops that a served model needs.
from tfx.types import Artifact

from benchmarks.saved_classifier import load_classifier
from components.artifacts import Segments
from components.checks.segmentation import failed_checks
from components.pushing.serving_validator import validate
from components.segmentation.judging.baselines import carried_forward, fit_gradient_boosting, gradient_boosting
from components.segmentation.judging.gate_options import SegmentationGateOptions
from components.segmentation.judging.signatures import served_segments
from components.segmentation.segments.node import UserSegmentsExecutor
from serving.reasons.explanation import attributions
from tests.components.recommendation.trained_shop import artifact
from tests.components.segmentation.shop import (
    DAY,
    OPTIONS,
    ExamplesRun,
    Row,
    evaluate,
    events,
    inputs_of,
    run_examples,
    train,
    users,
)
from tests.components.tables.table_runs import beam_context
from trainer.artifacts.parquet_files import read_parquet
from trainer.classification.export import served_classifier
from trainer.segmentation.examples import load_behaviours
from trainer.segmentation.products import load_behaviour

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("segmentation")


@pytest.fixture(scope="module")
def made(folder: Path) -> ExamplesRun:
    rows = events()
    return run_examples(folder / "examples", rows, users(rows))


@pytest.fixture(scope="module")
def trained(folder: Path, made: ExamplesRun, tiny_bert: Path) -> Artifact:
    return train(folder, made, tiny_bert)


@pytest.fixture(scope="module")
def model(trained: Artifact) -> Any:
    return tf.saved_model.load(f"{trained.uri}/Format-Serving")


def test_training_and_serving_write_the_same_text(made: ExamplesRun, model: Any) -> None:
    behaviour = load_behaviour(made.outputs["catalogue"].uri, OPTIONS.history_length)
    for split in ("train", "test"):
        rows = made.split(split)
        learned = load_behaviours(made.outputs["examples"].uri, split, behaviour, "attribute_shop")
        answer = model.signatures["serving_default"](**inputs_of(rows))
        served = [text.decode() for text in answer["behaviour"].numpy()]
        assert served == learned.texts
        assert len(set(served)) > len(served) / 2
        np.testing.assert_array_equal(learned.labels, [row["label"][0] for row in rows])
        np.testing.assert_array_equal(learned.users, [row["user_id"][0] for row in rows])
        np.testing.assert_array_equal(learned.groups, [row["attribute_shop"][0] for row in rows])


def test_served_probabilities_are_those_of_the_trained_model(made: ExamplesRun, trained: Artifact, model: Any) -> None:
    behaviour = load_behaviour(made.outputs["catalogue"].uri, OPTIONS.history_length)
    learned, rows = load_behaviours(made.outputs["examples"].uri, "test", behaviour), made.split("test")
    expected = load_classifier(trained.uri).probabilities(learned.texts, learned.numbers)
    inputs = inputs_of(rows)
    every = model.signatures["evaluate"](**inputs)["probabilities"].numpy()
    np.testing.assert_allclose(every, expected, atol=1e-4)
    best = model.signatures["serving_default"](**inputs)
    order = np.argsort(-every, axis=1, kind="stable")
    labels = np.array(made.facts()["labels"])
    assert best["segments"].numpy().astype(str).tolist() == labels[order].tolist()
    np.testing.assert_allclose(best["probabilities"], np.take_along_axis(every, order, axis=1), rtol=1e-6)
    vectors = model.signatures["embed"](**inputs)["embeddings"]
    assert vectors.shape == (len(rows), 8)


def test_reasons_name_the_numbers_and_add_up(made: ExamplesRun, trained: Artifact, model: Any) -> None:
    rows = made.split("test")[:20]
    inputs = inputs_of(rows)
    answer = {name: value.numpy() for name, value in model.signatures["explain"](**inputs).items()}
    behaviour = load_behaviour(made.outputs["catalogue"].uri, OPTIONS.history_length)
    described = behaviour.describe(**{n.replace("history_", "", 1): v for n, v in inputs.items()})
    parts = served_classifier(load_classifier(trained.uri))
    tokens = parts.tokenize(described.texts)
    masked = tf.where(tokens.shown, parts.neutral_token, tokens.ids)
    neutral_numbers = tf.zeros_like(described.numbers) + parts.neutral_numbers
    whole = parts.classify_tokens(tokens.ids, tokens.mask, described.numbers).numpy()
    nothing = parts.classify_tokens(masked, tokens.mask, neutral_numbers).numpy()
    best, places = whole.argmax(axis=1), np.arange(len(rows))
    np.testing.assert_allclose(
        answer["attributions"].sum(axis=1), whole[places, best] - nothing[places, best], atol=0.02
    )
    by_token, by_number = attributions(parts, tokens, described.numbers)
    names = behaviour.number_names
    for row, (said, added) in enumerate(zip(answer["tokens"].astype(str), answer["attributions"], strict=True)):
        assert (np.diff(np.abs(added)) <= 1e-7).all()
        found = dict(zip(said.tolist(), added.tolist(), strict=True))
        named = {text.rpartition(": ")[0]: value for text, value in found.items()}
        np.testing.assert_allclose([named[name] for name in names], by_number[row], atol=1e-6)
        clauses = [text for text in said.tolist() if text and text.rpartition(": ")[0] not in names]
        assert len(clauses) == len(described.texts[row].numpy().decode().split("; "))
        assert sum(added.tolist()) == pytest.approx(float(tf.reduce_sum(by_token[row]) + sum(by_number[row])), abs=1e-4)


def test_empty_unknown_and_odd_histories_get_answers(model: Any) -> None:
    width = OPTIONS.history_length
    ids = np.full((5, width), b"", object)
    ids[1, 0], ids[2:, 0] = b"no such id", "牛奶".encode()
    ages = np.zeros((5, width), np.float32)
    ages[2, 0], ages[3, 0] = np.nan, -5.0
    answer = model.signatures["serving_default"](
        history_ids=tf.constant(ids, tf.string),
        history_types=tf.constant(np.full((5, width), b"", object), tf.string),
        history_age_seconds=tf.constant(ages),
    )
    assert answer["behaviour"].numpy()[:2].tolist() == [b"no visits"] * 2
    probabilities = answer["probabilities"].numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_array_equal(probabilities[0], probabilities[1])
    for row in (2, 3):
        np.testing.assert_allclose(probabilities[row], probabilities[4], rtol=1e-5)


def test_it_is_judged_by_the_latest_events(made: ExamplesRun, trained: Artifact, model: Any) -> None:
    row = max(made.split("test"), key=lambda each: len(each["history_ids"]))
    width = OPTIONS.history_length
    names = ("history_ids", "history_types", "history_age_seconds")
    long = {name: (row[name] * width)[: width + 3] for name in names}
    example = tf.train.Example()
    for name in names[:2]:
        example.features.feature[name].bytes_list.value.extend(long[name])
    example.features.feature[names[2]].float_list.value.extend(long[names[2]])
    nothing = tf.train.Example().SerializeToString()
    found = served_segments(f"{trained.uri}/Format-Serving", made.facts()["labels"])(
        [example.SerializeToString(), nothing]
    )
    latest = [{name: values[-width:] for name, values in long.items()}, {name: [] for name in names}]
    np.testing.assert_allclose(found, model.signatures["evaluate"](**inputs_of(latest))["probabilities"], rtol=1e-5)


def test_the_evaluator_judges_it_beside_its_baselines(
    folder: Path, made: ExamplesRun, trained: Artifact, model: Any
) -> None:
    gate = SegmentationGateOptions(min_slice_users=5, baseline_margins={"f1_macro": 0.5})
    found, blessing = evaluate(folder / "evaluator", made, trained, gate, f"{trained.uri}/Format-Serving")
    rows = made.split("test")
    labels = np.array([row["label"][0] for row in rows])
    chosen = model.signatures["evaluate"](**inputs_of(rows))["probabilities"].numpy().argmax(axis=1)
    carried = np.array([row["carried"][0] for row in rows])
    assert found["metrics"]["test"]["accuracy"] == pytest.approx((chosen == labels).mean())
    assert found["baselines"]["carried_forward"]["accuracy"] == pytest.approx((carried == labels).mean())
    assert set(found["baselines"]) == {"carried_forward", "gradient_boosting"}
    assert found["users"] == {"test": len(rows)}
    assert {"shop=shop 0", "shop=shop 1"} <= set(found["slices"])
    assert sum(each["rows"] for each in found["calibration"]) == len(rows)
    analysis = tfma.load_eval_result(str(folder / "evaluator" / "evaluation" / "tfma"))
    slices = {"=".join(each[0]) for each in analysis.get_slice_names() if each}
    assert slices == set(found["slices"])
    overall = analysis.get_metrics_for_slice(top_k=1)["accuracy"]["doubleValue"]
    assert overall == pytest.approx(found["metrics"]["test"]["accuracy"])
    assert found["blessed"] == bool(blessing.get_int_custom_property("blessed"))
    assert found["last_blessed"]["metrics"]["f1_macro"] == found["metrics"]["test"]["f1_macro"]


def bought_kinds(row: Row) -> set[str]:
    kinds = {"牛奶": "Milk", "a\nb": "Bread", "tea": "Tea", "plain": "coffee"}
    columns = zip(row["history_ids"], row["history_types"], row["history_age_seconds"], strict=True)
    return {kinds[id_.decode()] for id_, type_, age in columns if type_ == b"purchase" and age <= 20 * DAY}


def test_every_current_user_gets_a_segment_and_every_segment_a_profile(
    folder: Path, made: ExamplesRun, trained: Artifact, model: Any
) -> None:
    segments = artifact(Segments, folder / "segments")
    UserSegmentsExecutor(beam_context(folder)).Do(
        {**{name: [made.outputs[name]] for name in ("examples", "catalogue", "labels")}, "model": [trained]},
        {"segments": [segments]},
        {"source_digest": "any"},
    )
    rows = made.split("current")
    answer = model.signatures["serving_default"](**inputs_of(rows))
    found = {row["user_id"]: row for row in read_parquet(f"{segments.uri}/segments-*.parquet").to_pylist()}
    names = [row["user_id"][0].decode() for row in rows]
    best = answer["segments"].numpy()[:, 0].astype(str).tolist()
    assert {name: found[name]["segment"] for name in found} == dict(zip(names, best, strict=True))
    assert {row["when"].timestamp() for row in found.values()} == {made.facts()["moments"]["end"]}
    profiles = json.loads(Path(f"{segments.uri}/profiles.json").read_text())
    assert {name: profile["users"] for name, profile in profiles.items()} == Counter(best)
    for name, profile in profiles.items():
        own = [row["baseline"] for row, segment in zip(rows, best, strict=True) if segment == name]
        assert profile["spend"] == pytest.approx(np.mean([numbers[4] for numbers in own]), rel=1e-4)
        assert profile["visits"] == pytest.approx(np.mean([numbers[2] for numbers in own]), rel=1e-4)
        shares = {kind["kind"]: (kind["share"], kind["lift"]) for kind in profile["kinds"]}
        for kind in ("Milk", "Bread", "Tea", "coffee"):
            had = [segment for row, segment in zip(rows, best, strict=True) if kind in bought_kinds(row)]
            assert (kind in shares) == (had.count(name) >= 3)
            if kind in shares:
                share = had.count(name) / best.count(name)
                assert shares[kind] == pytest.approx((share, share / (len(had) / len(best))))
    assert list(profiles) == [name for name in made.facts()["labels"] if name in profiles]
    edges = {each["segment"]: (each["from"], each["to"]) for each in made.facts()["segment_definitions"]}
    assert {name: (profile["from"], profile["to"]) for name, profile in profiles.items()} == {
        name: edges[name] for name in profiles
    }
    points = pq.read_table(f"{segments.uri}/map.parquet").to_pylist()
    assert {point["segment"] for point in points} <= set(profiles)


def test_gradient_boosting_bears_a_label_of_one_example() -> None:
    random = np.random.default_rng(0)
    records = []
    for number in range(10_100):
        example = tf.train.Example()
        feature = example.features.feature
        feature["label"].int64_list.value.append(3 if number == 0 else number % 2)
        feature["baseline"].float_list.value.extend([float(number % 2), float(random.normal())])
        records.append(example.SerializeToString())
    found = gradient_boosting(fit_gradient_boosting(records), records[1:5], 4)
    assert found.argmax(axis=1).tolist() == [1, 0, 1, 0]
    assert (found[:, 2] == 0).all()


def test_carrying_forward_is_sure_of_itself(made: ExamplesRun) -> None:
    example = tf.train.Example()
    example.features.feature["carried"].int64_list.value.append(2)
    assert carried_forward([example.SerializeToString()], 4).tolist() == [[0.0, 0.0, 1.0, 0.0]]


def test_the_server_answers_from_it(made: ExamplesRun, trained: Artifact) -> None:
    assert validate(f"{trained.uri}/Format-Serving", "segmentation", failed_checks, own_process=False) == []
    card = json.loads(Path(f"{trained.uri}/Format-Serving/assets.extra/model_card.json").read_text())
    assert card["labels"] == ["lapsed", "low", "mid", "high"]
    low, high = made.facts()["cuts"]
    assert card["segment_definitions"] == [
        {"segment": "lapsed", "from": None, "to": 0.0},
        {"segment": "low", "from": 0.0, "to": low},
        {"segment": "mid", "from": low, "to": high},
        {"segment": "high", "from": high, "to": None},
    ]
    assert card["limits"]["history_length"] == OPTIONS.history_length
