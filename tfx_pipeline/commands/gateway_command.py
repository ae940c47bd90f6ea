"""`shelfwise gateway`: an HTTP service in front of what a run has pushed."""

import contextlib
import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path

from components.errors import InputError
from components.recommendation.examples.options import RecommendationDataOptions
from serving.server.server_process import ServerProcess, ServerStartError
from tfx_pipeline.config.config import Config, changed_config, load_config
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.forgetting.marked_models import list_user
from tfx_pipeline.gateway.access import is_loopback
from tfx_pipeline.gateway.opening import Places, opener
from tfx_pipeline.gateway.parts import Shop
from tfx_pipeline.gateway.process import serve_gateway
from tfx_pipeline.shop.user_id_key import user_id_key
from tfx_pipeline.summary.file import FILE_NAME, summary_of_run
from tfx_pipeline.summary.run_artifacts import latest_artifact
from tfx_pipeline.terminal.console import console

# The first one says what sells; the second one has products that nobody bought as well.
_CATALOGUES = ("RecommendationExamples", "SearchExamples")
_PURCHASE = "purchase"


def gateway(
    root: Path,
    config_file: Path | None,
    overrides: Sequence[str],
    models: str,
    host: str,
    port: int,
    folder: Path | None,
    catalogues: Sequence[Path],
) -> None:
    """Serves until it is told to stop.

    Args:
        root: Folder of a run.
        config_file: Configuration; None takes what the last run was configured with.
        overrides: `key.key=value` settings that replace what the configuration says.
        models: HOST:PORT of the served models; empty serves what the run has pushed.
        host: Address to listen on.
        port: Port to listen on.
        folder: Where the store and the log are kept; None keeps them in `gateway` under the root.
        catalogues: Files `catalogue.parquet` of a run; none takes those under the root.

    Raises:
        ConfigError: The options cannot be used.
        InputError: There was no run.
    """
    if config_file is not None:
        config = load_config(config_file, overrides)
    else:
        config = changed_config(summary_of_run(root).config, overrides, f"{root / FILE_NAME}")
    options = config.gateway
    if not options.keys and not is_loopback(host):
        raise ConfigError(
            f"--host {host}: others can reach this address, so somebody has to be named who may ask: set "
            "`gateway.keys`, or leave the host out"
        )
    places = {
        "folder": folder or root / "gateway",
        "user_id_key": "" if config.plain_user_ids else user_id_key(root),
        "catalogues": tuple(catalogues or _catalogues_of_run(root)),
        "forgets": functools.partial(list_user, root),
    }
    with contextlib.ExitStack() as stack:
        if not models:
            console.print("loading the models …")
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            server = ServerProcess("--models", str(root / "serving"), scratch=scratch)
            stack.callback(server.stop)
            try:
                models = server.start().grpc
            except ServerStartError as error:
                raise InputError(f"{root / 'serving'}: {error}") from error
        open_parts = opener(options, _shop(config), Places(models=models, **places))  # type: ignore[arg-type]
        serve_gateway(open_parts, options, host, port, lambda address: console.print(f"open {address}"))


def _shop(config: Config) -> Shop:
    tables = config.options_of_tables()
    events, impressions = tables.get("events"), tables.get("impressions")
    bought = events.bought_event_types if events is not None else ()
    return Shop(
        event_types=events.event_types if events is not None else (),
        bought_event_type=bought[0] if bought else _PURCHASE,
        outcomes=impressions.outcome_columns if impressions is not None else (),
        low_rated_type=next(
            (
                options.type_of_low_ratings()
                for _, options in config.tasks.with_options()
                if isinstance(options, RecommendationDataOptions)
            ),
            None,
        ),
    )


def _catalogues_of_run(root: Path) -> list[Path]:
    found = []
    for node in _CATALOGUES:
        with contextlib.suppress(FileNotFoundError):
            found.append(latest_artifact(root, node, "catalogue") / "catalogue.parquet")
    return found
