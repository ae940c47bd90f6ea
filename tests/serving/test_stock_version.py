"""The exported models under the TensorFlow that the stock TF Serving image links."""

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.components.response.shop import OFFERS, START, impressions, run_examples, tables, train
from tests.serving.recommendation.small_shop import (
    Ask,
    export_small_shop,
    filtered_inputs,
    history_inputs,
    stand_in_tower,
)
from tests.serving.search.search_shop import Search, search_inputs
from trainer.demand.export import export_demand
from trainer.demand.network import DemandNetwork
from trainer.demand.options import DemandOptions
from trainer.demand.product_facts import product_facts
from trainer.demand.series import DemandSeries

VERSIONS = ("tensorflow==2.20.0", "tensorflow-text==2.20.1")

PROGRAM = """
import pickle, sys
import tensorflow as tf
import tensorflow_text
model = tf.saved_model.load(sys.argv[1])
answers = {}
for name, inputs in pickle.load(open(sys.argv[2], "rb")).items():
    arguments = {key: tf.constant(value, dtype) for key, (value, dtype) in inputs.items()}
    answers[name] = {key: value.numpy().tolist() for key, value in model.signatures[name](**arguments).items()}
pickle.dump((tf.__version__, answers), open(sys.argv[3], "wb"))
"""


def plain(inputs: dict[str, np.ndarray]) -> dict[str, tuple[Any, str]]:
    """Lists and names of dtypes, which any version of NumPy unpickles."""
    return {
        name: (value.tolist(), "string" if value.dtype == object else value.dtype.name)
        for name, value in inputs.items()
    }


@pytest.fixture(scope="module")
def stock_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter with the packages that the stock image links, and nothing else."""
    environment = tmp_path_factory.mktemp("stock") / "environment"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--python", sys._base_executable, str(environment)], check=True)  # type: ignore[attr-defined]
    python = str(environment / "bin" / "python")
    subprocess.run([*uv, "pip", "install", "--python", python, *VERSIONS], check=True)
    return python


@pytest.mark.long
def test_recommendations_are_the_same_under_the_version_of_tf_serving(tmp_path: Path, stock_python: str) -> None:
    model = tmp_path / "model"
    export_small_shop(model, stand_in_tower())
    asks = [
        Ask(["P001", "", "牛奶", "nul\0"], ["view", "", "purchase", "?"], [900.0, 0.0, 30.0, 2.0], k=40),
        Ask(["P003"], ["purchase"], [5.0], 7, "Home", 45.0, True, ["P004"], False),
        Ask(k=3),
    ]
    example = tf.train.Example()
    example.features.feature["history_ids"].bytes_list.value.extend([b"P001", b"P002"])
    requests = {
        "serving_default": plain(history_inputs(asks)),
        "filtered": plain(filtered_inputs(asks)),
        "evaluate": plain(filtered_inputs(asks)),
        "compare": plain(history_inputs(asks)) | {"k": ([5, 40, 2], "int32"), "novel_k": ([9, 1, 40], "int32")},
        "embed": plain(history_inputs(asks)),
        "similar_products": {"product_id": ([b"P001", b"gone"], "string"), "k": ([5, 5], "int32")},
        "bought_together": {"product_ids": ([[b"P001", b"gone"] + [b""] * 8] * 2, "string"), "k": ([5, 40], "int32")},
        "complements": {"product_id": ([b"P001", b"gone"], "string"), "k": ([5, 5], "int32")},
        "explain": plain(history_inputs(asks)) | {"product_id": ([b"P001", b"P003", b"gone"], "string")},
        "examples": {"examples": ([example.SerializeToString(), b""], "string")},
    }
    assert_same_answers(model, requests, stock_python, tmp_path)


@pytest.mark.long
def test_searches_are_the_same_under_the_version_of_tf_serving(
    exported_search: Path, tmp_path: Path, stock_python: str
) -> None:
    queries = ["red milk a", "牛奶", "Ｔｅａ 1/2 oz", "", "😀", "nothing of the kind"]
    searches = [Search(query, k=7, category="Home", max_price=45.0) for query in queries]
    texts = ([query.encode() for query in queries], "string")
    requests = {
        "serving_default": {"query": texts},
        "filtered": plain(search_inputs(searches)),
        "personal": plain(search_inputs(searches) | history_inputs([Ask(["P001"], ["view"], [9.0])] * len(searches))),
        "embed": {"query": texts},
        "explain": {"query": texts, "product_id": ([b"P001"] * len(queries), "string")},
    }
    assert_same_answers(exported_search, requests, stock_python, tmp_path)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_responses_are_the_same_under_the_version_of_tf_serving(tmp_path: Path, stock_python: str) -> None:
    made = run_examples(tmp_path / "examples", tables(impressions()))
    model = Path(train(tmp_path, made).uri) / "Format-Serving"
    files = sorted((Path(made.outputs["examples"].uri) / "Split-test").glob("*.gz"))
    records = [each.numpy() for each in tf.data.TFRecordDataset([str(file) for file in files], "GZIP").take(9)]
    requests: dict[str, Any] = {"evaluate": {"examples": (records, "string")}}
    told = {"history_ids": "牛奶".encode(), "history_age_seconds": 9e5, "now_seconds": START, "k": 4, "city": b"city 1"}
    offers = [offer.encode() for offer in OFFERS]
    for name in ("serving_default", "rank_offers", "explain"):
        specs = tf.saved_model.load(str(model)).signatures[name].structured_input_signature[1]
        inputs = {
            key: np.full([2, *spec.shape[1:]], b"" if spec.dtype == tf.string else 0, spec.dtype.as_numpy_dtype)
            for key, spec in specs.items()
        }
        for key in told.keys() & inputs.keys():
            inputs[key].reshape(2, -1)[0] = told[key]
        if "offer_ids" in inputs:
            inputs["offer_ids"][:, : len(offers)] = offers
        if "offer_id" in inputs:
            inputs["offer_id"][:] = offers[:2]
        requests[name] = plain(inputs)
    assert_same_answers(model, requests, stock_python, tmp_path)


@pytest.mark.long
def test_quantiles_are_the_same_under_the_version_of_tf_serving(tmp_path: Path, stock_python: str) -> None:
    options = DemandOptions(history_weeks=60)
    random = np.random.default_rng(0)
    units = random.poisson(5, (3, 80)).astype(np.float32)
    series = DemandSeries(np.arange(3), units, random.random((3, 84, 3)).astype(np.float32), carried=(0,))
    network = DemandNetwork(options, product_facts(series, None, 3, 80, 4), series.kinds)
    ids = [b"P001", "牛奶".encode(), b"nul\0"]
    facts = {"covariates": ["price", "discount", "placement_a"], "first_day": "2025-01-06", "test_week": 72}
    export_demand(str(tmp_path / "model"), network, ids, options, facts, {})
    window = series.windows(np.arange(3), np.full(3, 80), 60, 4)
    window.recent_units[0, :50] = np.nan
    window.recent_units[1] = np.nan
    window.recent_units[2, -1] = -3.0
    requests = {
        "serving_default": {
            "product_ids": ([*ids[:2], b"gone"], "string"),
            **{name: (value.tolist(), "float32") for name, value in window._asdict().items()},
        }
    }
    assert_same_answers(tmp_path / "model", requests, stock_python, tmp_path)


def assert_same_answers(model: Path, requests: dict[str, Any], python: str, folder: Path) -> None:
    """Asks the model there and here."""
    (folder / "requests").write_bytes(pickle.dumps(requests))
    files = [str(model), str(folder / "requests"), str(folder / "answers")]
    # Legacy Keras, which this process asks for, is not installed there.
    variables = {name: value for name, value in os.environ.items() if name not in ("TF_USE_LEGACY_KERAS", "PYTHONPATH")}
    subprocess.run([python, "-c", PROGRAM, *files], check=True, env=variables)
    version, answers = pickle.loads((folder / "answers").read_bytes())
    assert version == "2.20.0"
    here = tf.saved_model.load(str(model))
    for name, inputs in requests.items():
        arguments = {key: tf.constant(value, dtype) for key, (value, dtype) in inputs.items()}
        for key, value in here.signatures[name](**arguments).items():
            if value.dtype == tf.string:
                assert value.numpy().tolist() == answers[name][key]
            else:
                np.testing.assert_allclose(value, answers[name][key], atol=1e-4)
