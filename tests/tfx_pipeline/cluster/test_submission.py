"""A submission as the server sees it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.tables.sources import TableSource
from tests.tfx_pipeline.cluster.pipelines_server import PipelinesServer, pipelines_server
from tests.tfx_pipeline.cluster.small_spec import SmallStep, write_spec
from tfx_pipeline.cluster.compiled_pipeline import CompiledPipeline, read_compiled
from tfx_pipeline.cluster.options import CompileOptions
from tfx_pipeline.cluster.submission import Server, SubmissionRefused, submit
from tfx_pipeline.commands.cli import app
from tfx_pipeline.config.config import read_config
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.kubeflow_runner import compile_pipeline
from tfx_pipeline.shop.digests import digest_sources
from tfx_pipeline.shop.forgotten_list import ForgottenList

NO_MODEL_YET = {"last_blessed_recommendation": ""}
CONFIG = "name: shop\ntables: {events: events.csv}\ntext: off\ntasks: {recommendation: {}}\n"


@pytest.fixture
def server() -> Iterator[PipelinesServer]:
    with pipelines_server() as running:
        yield running


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> CompiledPipeline:
    """The real thing, with a second document."""
    folder = tmp_path_factory.mktemp("compiled")
    (folder / "shop.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "events.csv").write_text("user_id\n", encoding="utf-8")
    options = CompileOptions(image="shelfwise:1", pipeline_root="s3://shop/root", serving_claim="models")
    compile_pipeline(read_config(folder / "shop.yaml"), options, folder / "pipeline.yaml")
    return read_compiled(folder / "pipeline.yaml")


def test_the_server_takes_the_run(compiled: CompiledPipeline, server: PipelinesServer, tmp_path: Path) -> None:
    folder = compiled.file.parent
    versions = tmp_path / "serving" / "recommendation"
    (versions / "3").mkdir(parents=True)
    given = {"data": str(folder), "serving_root": str(versions.parent), "steps_recommendation": "5"}
    submission = submit(compiled, given, Server(host=server.url, token="secret", experiment="nightly"))
    (run,) = server.runs
    assert run["runtime_config"] == {
        "pipeline_root": "s3://shop/root",
        "parameters": {
            "checkpoints": "",
            "data": str(folder),
            "forgotten": "",
            "digest_events": digest_sources("events", [TableSource(path=str(folder / "events.csv"))]),
            "serving_root": str(versions.parent),
            "last_blessed_recommendation": str(versions / "3"),
            "steps_recommendation": 5,
            "thresholds_recommendation": "",
            "user_id_key": (folder / "user_id.key").read_text(),
        },
    }
    assert server.experiments[0]["display_name"] == "nightly"
    assert run["experiment_id"] == "experiment-0"
    assert set(run["pipeline_spec"]) == {"pipeline_spec", "platform_spec"}
    assert server.tokens == {"Bearer secret"}
    assert submission.url == f"{server.url}/#/runs/details/run-0"


def test_new_data_is_the_only_thing_that_changes_a_later_submission(
    compiled: CompiledPipeline, server: PipelinesServer
) -> None:
    folder = compiled.file.parent
    for content in ("user_id\n", "user_id\n", "user_id\n1\n"):
        (folder / "events.csv").write_text(content, encoding="utf-8")
        submit(compiled, {"data": str(folder), **NO_MODEL_YET}, Server(host=server.url))
    first, second, third = (run["runtime_config"]["parameters"] for run in server.runs)
    assert first == second
    assert {name for name in third if third[name] != first[name]} == {"digest_events"}
    assert len(server.experiments) == 1


def test_the_command_line_says_what_it_sent_but_not_the_key(
    compiled: CompiledPipeline, server: PipelinesServer
) -> None:
    folder = compiled.file.parent
    result = CliRunner().invoke(
        app,
        [
            *("submit", "--spec", str(compiled.file), "--host", server.url, "--data", str(folder)),
            *("--parameter", "last_blessed_recommendation="),
        ],
    )
    assert result.exit_code == 0, result.output
    assert f"submitted {server.url}/#/runs/details/run-0" in result.output
    assert "digest_events" in result.output
    assert (folder / "user_id.key").read_text() not in result.output


def test_a_volume_that_is_not_here_is_not_taken_for_an_empty_one(
    compiled: CompiledPipeline, server: PipelinesServer
) -> None:
    with pytest.raises(ConfigError, match="models are pushed to /serving, a volume that is not mounted here"):
        submit(compiled, {"data": str(compiled.file.parent)}, Server(host=server.url))
    assert not server.runs


def test_users_who_are_to_be_forgotten_are_not_learned_from_for_want_of_a_list(
    compiled: CompiledPipeline, server: PipelinesServer
) -> None:
    folder = compiled.file.parent
    given = {"data": str(folder), **NO_MODEL_YET}
    users = ForgottenList.under(folder)
    users.add(["Ann"])
    try:
        with pytest.raises(ConfigError, match=r"users who are to be forgotten.*add --parameter forgotten=URI"):
            submit(compiled, given, Server(host=server.url))
        assert not server.runs
        submit(compiled, given | {"forgotten": str(users.file)}, Server(host=server.url))
        assert server.runs[0]["runtime_config"]["parameters"]["forgotten"] == users.reference()
    finally:
        shutil.rmtree(users.file.parent)


def test_a_refusal_is_one_line(tmp_path: Path, server: PipelinesServer, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = write_spec(tmp_path / "spec.yaml", {"only": SmallStep("finish()")}, {"serving_root": "", "word": None})
    refused = read_compiled(spec)
    monkeypatch.setattr(CompiledPipeline, "complete", lambda _, given: dict(given))
    with pytest.raises(SubmissionRefused, match="refused the run: 400 parameter word is not optional") as raised:
        submit(refused, {}, Server(host=server.url))
    assert "\n" not in str(raised.value)


def test_a_server_that_is_not_there(compiled: CompiledPipeline) -> None:
    with pipelines_server() as gone:
        url = gone.url
    given = {"data": str(compiled.file.parent), **NO_MODEL_YET}
    with pytest.raises(SubmissionRefused, match=f"does not answer at {url}"):
        submit(compiled, given, Server(host=url))
    with pytest.raises(ConfigError, match="--host localhost:8888: expected a URL"):
        submit(compiled, given, Server(host="localhost:8888"))


def test_an_update_takes_what_it_starts_from_as_parameters_that_a_run_leaves_empty(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CONFIG, encoding="utf-8")
    options = CompileOptions(image="shelfwise:1", pipeline_root="s3://shop/root", serving_claim="models", update=True)
    compile_pipeline(read_config(tmp_path / "shop.yaml"), options, tmp_path / "pipeline.yaml")
    made = read_compiled(tmp_path / "pipeline.yaml")
    declared = made.spec.root.input_definitions.parameters
    earlier = {name for name in declared if name.startswith("earlier_")}
    assert {"earlier_RecommendationTrainer_model", "earlier_EventsStatisticsGen_statistics"} <= earlier
    assert {declared[name].default_value.string_value for name in earlier} == {""}
    assert made.submitted("RecommendationTrainer")["earlier_model"] == "earlier_RecommendationTrainer_model"
    assert made.submitted("RecommendationExamples")["earlier_catalogue"] == "earlier_RecommendationExamples_catalogue"
