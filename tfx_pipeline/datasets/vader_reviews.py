"""Snippets of Amazon reviews with a mean sentiment of twenty raters, from vaderSentiment's source distribution."""

import io
import tarfile
from pathlib import Path

from components.errors import InputError
from tfx_pipeline.datasets.text_table import write_texts

_FILE_NAME = "amazonReviewSnippets_GroundTruth.txt"
_ARCHIVE_NAME = "hutto_ICWSM_2014.tar.gz"
# Where a snippet is no longer neutral; raters gave -4 to 4.
_POLAR = 0.5


def prepare(out: Path, source: Path | None, sample: float) -> None:
    """Writes `texts.parquet`: negative under -0.5, positive over 0.5, else neutral.

    Args:
        out: Folder to write into.
        source: vaderSentiment's source distribution (a .tar.gz), the archive inside it, a folder that holds either or
            the snippets, or the file of the snippets.
        sample: Share of the snippets to keep.

    Raises:
        InputError: The snippets are not there, or a line is not what it should be.
    """
    texts, labels = [], []
    for number, line in enumerate(_read(source).splitlines(), start=1):
        parts = line.split("\t", 2)
        try:
            score, text = float(parts[1]), parts[2]
        except (IndexError, ValueError) as error:
            raise InputError(
                f"Line {number} of `{_FILE_NAME}` should hold a number, a sentiment and a text between tabs; got "
                f"{line[:80]!r}."
            ) from error
        texts.append(text)
        labels.append("negative" if score < -_POLAR else "positive" if score > _POLAR else "neutral")
    write_texts(out, texts, labels, sample)


def _read(source: Path | None) -> str:
    if source is None:
        raise InputError(
            "vader_reviews needs `--source`: vaderSentiment's source distribution, as "
            "`pip download --no-deps --no-binary :all: vaderSentiment==3.3.2` fetches it, or its folder."
        )
    files = [source]
    if source.is_dir():
        files = sorted(source.rglob(_FILE_NAME)) + sorted(source.rglob("*.tar.gz"))
    for file in files:
        found = _text_in(file)
        if found is not None:
            return found
    raise InputError(f"`{source}` should be or hold `{_FILE_NAME}` or an archive with it; there is none.")


def _text_in(file: Path) -> str | None:
    if not file.is_file():
        return None
    if file.name == _FILE_NAME:
        return file.read_text(encoding="utf-8", errors="replace")
    try:
        return _text_in_archive(file.read_bytes())
    except (tarfile.TarError, EOFError, OSError):
        return None


def _text_in_archive(content: bytes) -> str | None:
    """Looks for the snippets in a .tar.gz, and in the archive that the distribution has inside."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for member in archive:
            name = Path(member.name).name
            file = archive.extractfile(member) if name in (_FILE_NAME, _ARCHIVE_NAME) else None
            if file is not None:
                found = file.read()
                return found.decode("utf-8", "replace") if name == _FILE_NAME else _text_in_archive(found)
    return None
