"""Each runner is told to Beam as Beam names things, and what it does not need or misses is refused in one line."""

import sys
from pathlib import Path
from typing import Any

import pytest
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions, StandardOptions
from apache_beam.portability import python_urns

from tfx_pipeline.config.config import read_config
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.shop.beam_options import LOCAL_BEAM_ARGS, PYTHON_PROCESSES, BeamOptions

CONFIG = "tables: {events: events.csv}\ntext: off\ntasks: {recommendation: {}}\n"
POOL: dict[str, Any] = {"environment": "external", "environment_config": "pool:50000"}
GOOGLE = {"project": "shop", "region": "europe-west1", "image": "shelfwise:1"}


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({}, LOCAL_BEAM_ARGS),
        (
            {"runner": "multiprocess", "workers": 3},
            (*LOCAL_BEAM_ARGS, "--direct_running_mode=multi_processing", "--direct_num_workers=3"),
        ),
        (
            {"runner": "portable", "environment": "loopback", "workers": 2},
            (
                "--runner=PortableRunner",
                "--job_endpoint=embed",
                "--sdk_worker_parallelism=2",
                "--environment_type=LOOPBACK",
                "--sdk_container_image=none",
            ),
        ),
        (
            {"runner": "flink", "master": "flink:8081", "workers": 8, "more": ["--flink_job_server_jar=a.jar"], **POOL},
            (
                "--runner=FlinkRunner",
                "--flink_master=flink:8081",
                "--parallelism=8",
                "--environment_type=EXTERNAL",
                "--environment_config=pool:50000",
                "--sdk_container_image=none",
                "--flink_job_server_jar=a.jar",
            ),
        ),
        (
            {"runner": "spark", "master": "spark://a:7077", "environment": "docker", "environment_config": "image:1"},
            (
                "--runner=SparkRunner",
                "--spark_master_url=spark://a:7077",
                "--environment_type=DOCKER",
                "--sdk_container_image=image:1",
            ),
        ),
        (
            {"runner": "dataflow", "temp_location": "gs://a/b", **GOOGLE},
            (
                "--runner=DataflowRunner",
                "--project=shop",
                "--region=europe-west1",
                "--sdk_container_image=shelfwise:1",
                "--temp_location=gs://a/b",
            ),
        ),
    ],
)
def test_what_beam_is_told(options: dict[str, Any], arguments: tuple[str, ...]) -> None:
    told = BeamOptions(**options).arguments()
    assert told == arguments
    # Beam takes what it does not know for its own and says nothing.
    understood = PipelineOptions(list(told))
    assert f"--runner={understood.view_as(StandardOptions).runner}" in told
    assert understood.view_as(PortableOptions).job_endpoint == (
        "embed" if options.get("runner") == "portable" else None
    )


def test_processes_are_started_as_each_job_server_knows_them() -> None:
    assert python_urns.SUBPROCESS_SDK == PYTHON_PROCESSES
    own = BeamOptions(runner="portable", environment="process").arguments()
    assert f"--environment_type={PYTHON_PROCESSES}" in own
    assert f"--environment_config={sys.executable} -m apache_beam.runners.worker.sdk_worker_main" in own
    flink = BeamOptions(runner="flink", master="a:1", environment="process", environment_config="/opt/boot").arguments()
    assert {"--environment_type=PROCESS", '--environment_config={"command": "/opt/boot"}'} <= {*flink}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("beam_args: ['--runner=FlinkRunner']", "`beam_args` is now `beam`, which names the runner"),
        ("beam: {runner: DaskRunner}", "`beam`: expected a `runner` out of local, multiprocess, .* got 'DaskRunner'"),
        ("beam: {runner: direct}", "no other is known to give right results"),
        ("beam: {runner: multiprocess}", "`beam`: the runner multiprocess needs `workers` beside it"),
        ("beam: {runner: flink, environment: loopback}", "the runner flink needs `master`"),
        ("beam: {workers: 2}", "the runner local knows no `workers`"),
        ("beam: {runner: spark, master: a, environment: docker}", "`environment: docker` needs `environment_config`"),
        ("beam: {runner: portable, environment: loopback, more: ['--runner=DaskRunner']}", "`more` names a runner"),
        ("beam: {runner: portable, environment: thread}", r"`beam\.environment`: input should be 'loopback'"),
    ],
)
def test_what_no_runner_is_told(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "shop.yaml").write_text(f"{CONFIG}{text}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as raised:
        read_config(tmp_path / "shop.yaml")
    assert "\n" not in str(raised.value)


def test_the_runner_is_set_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CONFIG, encoding="utf-8")
    config = read_config(tmp_path / "shop.yaml", ["beam.runner=multiprocess", "beam.workers=2"])
    assert config.beam == BeamOptions(runner="multiprocess", workers=2)
    assert config.beam_args[-1] == "--direct_num_workers=2"
