"""The embedding projector's files, read back by hand and by TensorBoard's own plugin."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import tensorflow as tf
from google.protobuf import text_format
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins import projector
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin
from werkzeug.test import Client

from tfx_pipeline.running.tensorboard_logs import publish_logs
from trainer.recommendation.towers.projector import write_projector

CATALOGUE = pa.table(
    {
        "title": ["tea\t250 g", "milk\r\nfresh", "牛奶\u2028 1 l", None],
        "category": ["Drinks > Tea", "", None, "Bread\n"],
        "popularity": [2.0, 9.0, 2.0, 0.5],
    }
)


def vectors(products: int = 4) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(products, 3)).astype(np.float32)


def test_rows_are_the_most_popular_products_one_line_each(tmp_path: Path) -> None:
    write_projector(str(tmp_path), CATALOGUE, vectors(), most_products=3)
    config = text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), projector.ProjectorConfig())
    (embedding,) = config.embeddings
    written = np.loadtxt(tmp_path / embedding.tensor_path, delimiter="\t", dtype=np.float32)
    np.testing.assert_allclose(written, vectors()[[1, 0, 2]], rtol=1e-6)
    lines = (tmp_path / embedding.metadata_path).read_text("utf-8").split("\n")
    assert lines == [
        "title\tcategory\tpopularity",
        "milk fresh\t\t9",
        "tea 250 g\tDrinks > Tea\t2",
        "牛奶 1 l\t\t2",
        "",
    ]


def test_tensorboard_serves_what_was_written(tmp_path: Path) -> None:
    logs = tmp_path / "model_run" / "7"
    with tf.summary.create_file_writer(str(logs)).as_default():
        tf.summary.scalar("loss", 1.0, step=0)
    write_projector(str(logs), CATALOGUE, vectors())
    publish_logs(tmp_path, "recommendation", logs)
    root = str(tmp_path / "tensorboard")
    events = EventMultiplexer().AddRunsFromDirectory(root)
    events.Reload()
    plugin = ProjectorPlugin(TBContext(logdir=root, data_provider=MultiplexerDataProvider(events, root)))
    apps = plugin.get_plugin_apps()

    def get(route: str, **query: str) -> bytes:
        response = Client(apps[route]).get(query_string=query)
        assert response.status_code == 200, response.get_data()
        return response.get_data()

    assert json.loads(get("/runs")) == ["recommendation-7"]
    (embedding,) = json.loads(get("/info", run="recommendation-7"))["embeddings"]
    assert embedding["tensorShape"] == [4, 3]
    served = np.frombuffer(get("/tensor", run="recommendation-7", name=embedding["tensorName"]), np.float32)
    np.testing.assert_allclose(served.reshape(4, 3), vectors()[[1, 0, 2, 3]], rtol=1e-6)
    assert get("/metadata", run="recommendation-7", name=embedding["tensorName"]).decode().count("\n") == 5
