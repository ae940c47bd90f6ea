"""What a run has left below its root."""

from pathlib import Path


def latest_artifact(root: Path, node: str, output: str) -> Path:
    """Returns the folder of the newest artifact that a node put out.

    Raises:
        FileNotFoundError: There is none.
    """
    folder = root / "artifacts" / node / output
    artifacts = sorted(folder.iterdir(), key=lambda artifact: int(artifact.name)) if folder.is_dir() else []
    if not artifacts:
        raise FileNotFoundError(f"{folder} should hold what {node} put out, but nothing is there; run the pipeline")
    return artifacts[-1]
