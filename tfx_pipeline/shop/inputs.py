"""What a pipeline needs to know of the world outside: the tables' content, the last blessed models, the user key.

On Kubeflow there are no resolver nodes and no drivers, so these facts are looked up before the pipeline is made,
and enter it as plain values.
"""

import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from apache_beam.io.filesystems import CompressionTypes, FileSystems

from components.errors import InputError
from components.parameters import IntParameter, Parameter
from components.tables.files.finding import find_table_files
from components.tables.sources import FileForm, TableSource

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class PipelineInputs:
    """What `create_pipeline` takes beside the configuration: plain values, or parameters of a later submission.

    Attributes:
        table_digests: sha256 of each table's content, by table name.
        serving_root: Folder or URI below which each model's versions are pushed.
        data: Folder or URI that relative table paths are taken from; empty where there are none.
        user_id_key: Key of the hashes that stand for user ids in the quarantine; empty shows user ids as they are.
        last_blessed: Path of the model that each task's new model must not be worse than, by task name.
        steps: The most batches to train each task on, by task name; none or 0 for as many as the configuration says.
        checkpoints: Folder or URI that trainers keep their checkpoints below; empty for each node's own folder.
        thresholds: JSON of the gate's thresholds, by task name; none or empty for those of the configuration.
    """

    table_digests: Mapping[str, Parameter]
    serving_root: Parameter
    data: Parameter = ""
    user_id_key: Parameter = ""
    last_blessed: Mapping[str, Parameter] = field(default_factory=dict)
    steps: Mapping[str, IntParameter] = field(default_factory=dict)
    checkpoints: Parameter = ""
    thresholds: Mapping[str, Parameter] = field(default_factory=dict)


def digest_sources(name: str, sources: Iterable[TableSource]) -> str:
    """Returns the sha256 of the content of all files that a table's sources name.

    Names and times do not count, so touching or moving a file changes nothing; columns that folders of Hive stand for
    do. Reads each file once.

    Raises:
        InputError: Nothing matches a path, a file's format is not known, or it cannot be read.
    """
    digests = [_digest_form(name, form) for source in sources for form in source.forms()]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode("ascii")).hexdigest()


def _digest_form(name: str, form: FileForm) -> str:
    digest = hashlib.sha256()
    for file in find_table_files(name, form):
        try:
            digest.update(_digest_file(file.path))
        except OSError as error:
            raise InputError(f"Table `{name}`: `{file.path}` cannot be read: {error}") from error
        if file.partition:
            digest.update(repr(file.partition).encode("utf-8"))
    return digest.hexdigest()


def user_id_key(root: Path) -> str:
    """Returns the root folder's own key for hashing user ids, made at random when it is first asked for."""
    file = root / "user_id.key"
    if not file.exists():
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=root, encoding="ascii") as partial:  # For this user's eyes only.
            partial.write(secrets.token_hex(32))
            partial.flush()
            # Whoever comes first makes the key that counts.
            with contextlib.suppress(FileExistsError):
                os.link(partial.name, file)
    return file.read_text(encoding="ascii")


def _digest_file(path: str) -> bytes:
    digest = hashlib.sha256()
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.digest()
