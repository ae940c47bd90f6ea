"""`<root>/users/`: what each user is like, of the last run."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq

from trainer.artifacts.names import CHANCES_FILE, USER_PROFILES_PREFIX, shard_names

FOLDER = "users"
PROFILES_FILE = "profiles.parquet"


def publish_profiles(root: Path, artifact: Path) -> None:
    """Puts the profiles of a run under `<root>/users/`: `profiles.parquet` with a row a user, and `chances.json`.

    The folder appears whole or not at all. A batch of rows is in memory at a time.

    Args:
        root: The run's folder.
        artifact: What UserProfiles wrote.
    """
    folder, partial = root / FOLDER, root / f".{FOLDER}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700, parents=True)
    shards = sorted(artifact.glob(shard_names(USER_PROFILES_PREFIX)))
    with pq.ParquetWriter(partial / PROFILES_FILE, pq.read_schema(shards[0])) as writer:
        for shard in shards:
            for batch in pq.ParquetFile(shard).iter_batches():
                writer.write_batch(batch)
    shutil.copyfile(artifact / CHANCES_FILE, partial / CHANCES_FILE)
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)
