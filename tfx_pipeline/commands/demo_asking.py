"""Asks the demo's models; what models that stand already have answered is shown again."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from serving.quiet_import import quiet_import
from tfx_pipeline.config.config import Config
from tfx_pipeline.summary.json_file import read_document, write_document
from tfx_pipeline.terminal.console import console

FILE_NAME = "demo_answers.json"
# The first request of each signature has its graph prepared, on a machine that may have other things to do.
_ANSWER_SECONDS = 300.0


class DemoAnswers(BaseModel):
    """What was answered.

    Attributes:
        pushed: Version of each model that was asked.
        text: As it was printed.
    """

    pushed: dict[str, str]
    text: str


def show_answers(config: Config, root: Path, pushed: Mapping[str, str]) -> None:
    """Prints what each model of a run answers; models that were asked before are not loaded for it again.

    Args:
        config: The configuration.
        root: Root of the run.
        pushed: Version of each model.

    Raises:
        InputError: The file of what was answered before is none.
    """
    kept = read_document(root / FILE_NAME, DemoAnswers, "the answers of a demo", "remove the file and run again")
    if kept is not None and kept.pushed == pushed:
        console.print("\nthe models are those of the run before, which were asked then:")
        console.print(kept.text, end="")
        return
    text = _asked(config, root)
    write_document(root / FILE_NAME, DemoAnswers(pushed=dict(pushed), text=text).model_dump_json(indent=2))


def _asked(config: Config, root: Path) -> str:
    with quiet_import():
        from serving.client import Shelfwise
        from serving.server.background import server_process

    # A few requests are asked; to warm up every signature of every model takes longer than they do.
    options = ("--models", str(root / "serving"), "--enable_model_warmup=false")
    with server_process(*options) as server, Shelfwise(server.grpc, timeout_seconds=_ANSWER_SECONDS) as client:
        console.print(f"\nserver at {server.grpc}")
        console.record = True
        try:
            for task, _ in config.tasks.with_options():
                task.demonstrate(client, root)
            return console.export_text()
        finally:
            console.record = False
