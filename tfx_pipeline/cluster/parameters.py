"""What a compiled pipeline is told when it is submitted."""

from tfx.orchestration.data_types import RuntimeParameter

from tfx_pipeline.config.config import Config
from tfx_pipeline.running.run_state import outputs_to_start_from
from tfx_pipeline.shop.inputs import PipelineInputs

DATA = "data"
SERVING_ROOT = "serving_root"
USER_ID_KEY = "user_id_key"
FORGOTTEN = "forgotten"
LAST_BLESSED = "last_blessed_"
CHECKPOINTS = "checkpoints"


def submission_inputs(
    config: Config, serving_root: str, checkpoints: str = "", *, update: bool = False
) -> PipelineInputs:
    """Returns inputs that are parameters of the submission.

    They are `serving_root`; `checkpoints`; `data`, where a table's path is relative; `digest_<table>`; `user_id_key`,
    unless user ids are shown as they are; `forgotten`, the list of users who are left out; and for each task
    `last_blessed_<task>`, `steps_<task>` and `thresholds_<task>`. The last four need not be given. A digest has to be:
    a step of the same digest is taken from the cache.

    Args:
        config: What is compiled.
        serving_root: Where models are pushed to, unless the submission says otherwise.
        checkpoints: Where trainers keep their checkpoints, unless the submission says otherwise.
        update: Whether there is also `earlier_<NODE>_<OUTPUT>` for each artifact that an update starts from: its URI
            in an earlier run, empty for a run that begins with nothing.
    """
    tables, tasks = config.tables.given(), config.tasks.requested()
    relative = any("://" not in path for sources in tables.values() for source in sources for path in source.paths())
    return PipelineInputs(
        table_digests={table: _text(f"digest_{table}") for table in tables},
        serving_root=_text(SERVING_ROOT, serving_root),
        data=_text(DATA) if relative else "",
        user_id_key="" if config.plain_user_ids else _text(USER_ID_KEY),
        forgotten=_text(FORGOTTEN, ""),
        last_blessed={task: _text(f"{LAST_BLESSED}{task}", "") for task in tasks},
        steps={task: RuntimeParameter(name=f"steps_{task}", ptype=int, default=0) for task in tasks},
        checkpoints=_text(CHECKPOINTS, checkpoints),
        thresholds={task: _text(f"thresholds_{task}", "") for task in tasks},
        earlier=_earlier(config) if update else {},
    )


def _earlier(config: Config) -> dict[str, RuntimeParameter]:
    return {key: _text(f"earlier_{key.replace('.', '_')}", "") for key in outputs_to_start_from(config)}


def _text(name: str, default: str | None = None) -> RuntimeParameter:
    return RuntimeParameter(name=name, ptype=str, default=default)
