"""The demo's labelled texts: snippets of reviews, out of a source distribution that pip fetches once.

pip asks a source distribution for its metadata, which runs its set-up. So pip is given the hash, without which it would
run what the index happens to send, and makes no environment to build it in, which no lock would cover.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

from tfx_pipeline.commands.demo_tables import prepare_once

_REQUIREMENT, _ARCHIVE = "vaderSentiment==3.3.2", "vaderSentiment-3.3.2.tar.gz"
_SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
_DOWNLOAD = (
    *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"),
    *("--require-hashes", "--no-build-isolation"),
)
_TIMEOUT_SECONDS = 120


def prepare_reviews(folder: Path) -> str | None:
    """Writes `texts.parquet` into a folder, from the archive there, or from the package index that pip knows.

    Returns:
        Why there are no reviews, in one line; None where there are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / _ARCHIVE
    if not archive.exists():
        wanted = folder / "requirements.txt"
        wanted.write_text(f"{_REQUIREMENT} --hash=sha256:{_SHA256}\n", encoding="utf-8")
        try:
            subprocess.run(
                [*_DOWNLOAD, "--dest", str(folder), "--requirement", str(wanted)],
                check=True,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_SECONDS,
            )
        except subprocess.CalledProcessError as error:
            return f"pip could not fetch {_REQUIREMENT}: {error.stderr.strip().splitlines()[-1:]}"
        except subprocess.TimeoutExpired:
            return f"pip did not fetch {_REQUIREMENT} within {_TIMEOUT_SECONDS} s"
    if hashlib.sha256(archive.read_bytes()).hexdigest() != _SHA256:
        return f"{archive} is not the archive that is expected; remove it to have it fetched again"
    prepare_once("vader_reviews", folder, [_SHA256], archive)
    return None
