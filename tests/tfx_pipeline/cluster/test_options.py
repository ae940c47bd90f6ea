"""What no cluster could run is refused in one line, by the command line, before anything is written."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tfx_pipeline.cluster.beam_runners import beam_of_steps
from tfx_pipeline.cluster.options import CompileOptions, check_options
from tfx_pipeline.commands.cli import app
from tfx_pipeline.config.config import read_config
from tfx_pipeline.config.yaml_file import ConfigError

CONFIG = "tables: {{events: {events}, products: products.csv}}\ntext: {text}\n{more}tasks: {{recommendation: {{}}}}\n"
FLINK = "beam: {{runner: flink, master: 'flink:8081', environment: {}, environment_config: a}}\n"
GOOD = {"image": "registry.test:5000/team/shelfwise:1.0", "pipeline_root": "gs://shop/pipeline"}


def check(folder: Path, events: str = "events.csv", text: str = "off", more: str = "", **options: Any) -> None:
    (folder / "shop.yaml").write_text(CONFIG.format(events=events, text=text, more=more), encoding="utf-8")
    config = read_config(folder / "shop.yaml")
    chosen = CompileOptions(**{**GOOD, **options})
    check_options(chosen, config)
    beam_of_steps(chosen, config)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"image": "shelfwise:1"},
        {"image": "shelfwise@sha256:" + "0" * 64},
        {"image": "shelfwise:1@sha256:" + "0" * 64},
        {"pipeline_root": "minio://shop/a", "serving_claim": "models"},
        {"pipeline_root": "s3://shop", "serving_root": "gs://shop/serving"},
        {"vertex": True},
        {"events": "gs://shop/events-*.csv"},
    ],
)
def test_what_a_cluster_can_run(tmp_path: Path, options: dict[str, Any]) -> None:
    check(tmp_path, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image": "shelfwise"}, r"--image shelfwise: expected a tag or a digest"),
        ({"image": "registry.test:5000/shelfwise"}, "expected a tag or a digest"),
        ({"image": "Shelfwise:1"}, "expected an image such as"),
        ({"image": "shelfwise:1 --privileged"}, "expected an image such as"),
        ({"image": "shelfwise@sha256:12"}, "expected an image such as"),
        ({"image": ""}, "expected an image such as"),
        ({"pipeline_root": "/data/pipeline"}, "expected a URI such as gs://"),
        ({"pipeline_root": "shop/pipeline"}, "expected a URI such as gs://"),
        ({"pipeline_root": "hdfs://shop/pipeline"}, "expected a URI such as gs://"),
        ({"pipeline_root": "gs://"}, "expected a URI such as gs://"),
        ({"pipeline_root": "s3://shop/pipeline"}, "models cannot be pushed there"),
        ({"pipeline_root": "minio://shop", "serving_root": "s3://shop/x"}, "expected gs://bucket/folder"),
        ({"serving_root": "gs://a", "serving_claim": "b"}, "give one of them"),
        ({"pipeline_root": "s3://shop", "vertex": True}, "expected a URI such as gs://bucket/folder$"),
        ({"vertex": True, "serving_claim": "models"}, "Vertex AI has no volume claims"),
        ({"events": "/data/events.csv"}, r"`tables.events`: /data/events.csv is a path of this machine"),
        ({"events": "../events.csv"}, "is a path of this machine"),
        ({"text": "{backbone: /models/bert}"}, "`text.backbone`: /models/bert is a path of this machine"),
        ({"more": "beam: {runner: dask}\n"}, "`beam`: expected a `runner` out of local, .* got 'dask'"),
        ({"more": "beam: {runner: dataflow}\n"}, "the runner dataflow needs `project`, `region`, `image` beside it"),
        (
            {"more": FLINK.format("docker"), "pipeline_root": "minio://shop", "serving_claim": "models"},
            "the workers of flink would not see the copies",
        ),
        ({"more": FLINK.format("loopback")}, "loopback has the step's own pod work, which flink does not reach"),
    ],
)
def test_what_no_cluster_can_run(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        check(tmp_path, **options)
    assert "\n" not in str(raised.value)


def test_where_models_are_pushed_to() -> None:
    assert CompileOptions(**GOOD).where_to_serve() == "gs://shop/pipeline/serving"
    assert CompileOptions(**GOOD, serving_root="gs://other/").where_to_serve() == "gs://other"
    assert CompileOptions(**GOOD, serving_claim="models").where_to_serve() == "/serving"


def test_dataflow_has_its_temporary_files_below_the_root(tmp_path: Path) -> None:
    more = "beam: {runner: dataflow, project: shop, region: europe-west1, image: 'shelfwise:1'}\n"
    (tmp_path / "shop.yaml").write_text(CONFIG.format(events="e.csv", text="off", more=more), encoding="utf-8")
    config = read_config(tmp_path / "shop.yaml")
    assert beam_of_steps(CompileOptions(**GOOD), config).arguments()[-1] == "--temp_location=gs://shop/pipeline/beam"
    own = read_config(tmp_path / "shop.yaml", ["beam.temp_location=gs://other"])
    assert beam_of_steps(CompileOptions(**GOOD), own).arguments()[-1] == "--temp_location=gs://other"


def test_the_command_line_writes_nothing_then(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CONFIG.format(events="e.csv", text="off", more=""), encoding="utf-8")
    arguments = ["compile", "--config", str(tmp_path / "shop.yaml"), "--image", "shelfwise"]
    arguments += ["--pipeline-root", "gs://shop", "--out", str(tmp_path / "spec.yaml")]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, ConfigError)
    assert not (tmp_path / "spec.yaml").exists()
