"""Forgets a user: lists the user, and removes what runs and the gateway have of them."""

import asyncio
import time
from pathlib import Path
from typing import NamedTuple

from components.errors import InputError
from components.tables.user_ids import hash_user_id
from tfx_pipeline.config.config import Config, changed_config
from tfx_pipeline.forgetting.erasing import erase_user
from tfx_pipeline.forgetting.marked_models import list_user, marked_models
from tfx_pipeline.gateway.log.parquet_log import ParquetLog
from tfx_pipeline.gateway.log.writer import LogWriter
from tfx_pipeline.gateway.metrics import Metrics
from tfx_pipeline.gateway.opening import open_store
from tfx_pipeline.gateway.store.store import StoreError
from tfx_pipeline.gateway.user_keys import UserKeys
from tfx_pipeline.shop.user_id_key import user_id_key
from tfx_pipeline.summary.file import summary_of_run


class Forgetting(NamedTuple):
    """What became of a user.

    Attributes:
        listed: Whether the user was not listed before.
        artifact_rows: Rows that runs had left.
        store_rows: Rows that the gateway's store had.
        log_rows: Rows that the gateway's log had.
        models: The served models, with their versions, that learned from the user or from others forgotten before.
    """

    listed: bool
    artifact_rows: int
    store_rows: int
    log_rows: int
    models: dict[str, int]


def forget_user(root: Path, user_id: str, folder: Path | None = None) -> Forgetting:
    """Forgets a user below a run's root; doing it again finishes what was not done.

    Args:
        root: The run's folder.
        user_id: The user, as the shop's tables have them.
        folder: Where the gateway keeps store and log; None for `gateway` under the root.

    Raises:
        InputError: There was no run, the id is blank, or a running gateway has the store.
    """
    if not user_id.strip():
        raise InputError("--user: expected the id of a user, got a blank one")
    root = root.resolve()
    config = changed_config(summary_of_run(root).config, [], str(root))
    key = "" if config.plain_user_ids else user_id_key(root)
    in_gateway = UserKeys(key).of(user_id)
    # The log's rows are a table of later runs, in which the key stands for the user.
    listed = list_user(root, {user_id, in_gateway}) > 0
    artifact_rows = sum(
        erase_user(root, name, hash_user_id(name, key) if key else name)
        for name in dict.fromkeys((user_id, in_gateway))
    )
    store_rows, log_rows = asyncio.run(_forget_in_gateway(config, folder or root / "gateway", in_gateway))
    return Forgetting(listed, artifact_rows, store_rows, log_rows, marked_models(root))


async def _forget_in_gateway(config: Config, folder: Path, user: str) -> tuple[int, int]:
    if config.gateway.store == "sqlite" and not folder.exists():
        return 0, 0
    try:
        store = await open_store(config.gateway, folder)
        try:
            writer = LogWriter(store, ParquetLog(folder / "log", ()), config.gateway, "", Metrics(), time.time)
            return await writer.forget(user)
        finally:
            await store.close()
    except StoreError as error:
        raise InputError(
            f"{error} The user is listed, and gone from the artifacts; `DELETE /users/ID` of the running gateway does "
            "the rest."
        ) from error
