"""TensorBoard's folder of a root: the logs of every training that its runs did."""

import shutil
from pathlib import Path


def publish_logs(root: Path, task: str, logs: Path) -> Path:
    """Copies a training's logs to `<root>/tensorboard/<task>-<execution>`, whole or not at all.

    Args:
        root: The root folder.
        task: The task's name.
        logs: The Trainer's model_run artifact, whose last part is the number of the execution.

    Returns:
        The folder; one that is there already is left as it is.
    """
    target = root / "tensorboard" / f"{task}-{logs.name}"
    if not target.exists():
        partial = target.with_name(f".{target.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(logs, partial)
        partial.rename(target)
    return target
