"""Trains a task once, as a trial: the nodes of a run up to its trainer, those before it from the cache."""

from pathlib import Path
from typing import Any, TextIO

from tfx_pipeline.config.config import Config
from tfx_pipeline.local_runner import run_locally
from tfx_pipeline.pipeline import create_pipeline, fingerprint
from tfx_pipeline.running.progress import TerminalProgress
from tfx_pipeline.running.tensorboard_logs import publish_logs
from tfx_pipeline.shop.digests import digest_sources
from tfx_pipeline.shop.inputs import PipelineInputs
from tfx_pipeline.shop.user_id_key import user_id_key
from trainer.fitting.training_summary import read_training_summary


class Trials:
    """Runs trials of a task below a root, where a later run takes from the cache what they have in common.

    Args:
        config: The configuration, with that task alone.
        root: The root folder.
        task: The task's name.
        trainer: The name of its trainer's node.
        terminal: Where each node's line goes.
    """

    def __init__(self, config: Config, root: Path, task: str, trainer: str, terminal: TextIO) -> None:
        self._root, self._task, self._trainer, self._terminal = root, task, trainer, terminal
        self._inputs = PipelineInputs(
            table_digests={name: digest_sources(name, sources) for name, sources in config.tables.given().items()},
            serving_root=str(root / "serving"),
            user_id_key="" if config.plain_user_ids else user_id_key(root),
        )

    def digest(self, config: Config) -> str:
        """Returns a digest of all that decides what a trial of a configuration comes to: code, tables and options."""
        return fingerprint(self._pipeline(config))

    def train(self, config: Config) -> dict[str, Any]:
        """Trains, puts the logs into TensorBoard's folder, and returns what training.json says.

        Raises:
            NodeFailed: A node failed.
        """
        pipeline = self._pipeline(config)
        progress = TerminalProgress(self._terminal, len(pipeline.components))
        try:
            outputs = run_locally(pipeline, progress)[self._trainer].outputs
        finally:
            progress.stopped()
        publish_logs(self._root, f"tuning/{self._task}", Path(outputs["model_run"].uri))
        return read_training_summary(outputs["model"].uri)

    def _pipeline(self, config: Config) -> Any:
        return create_pipeline(
            config, self._inputs, str(self._root), str(self._root / "metadata.sqlite"), last_node=self._trainer
        )
