"""`shelfwise submit`: sends a compiled pipeline to Kubeflow Pipelines with what the data and the last run say."""

import contextlib
import datetime
import io
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kfp
import urllib3
from kfp_server_api import ApiException

from tfx_pipeline.cluster.compiled_pipeline import CompiledPipeline
from tfx_pipeline.cluster.lookups import look_up, serving_root
from tfx_pipeline.cluster.parameters import FORGOTTEN, LAST_BLESSED
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.shop.forgotten_list import ForgottenList


class SubmissionRefused(RuntimeError):
    """The server could not be reached, or did not take the run; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A run that the server has taken.

    Attributes:
        run_id: Its name on the server.
        url: Its page.
        parameters: What it was told.
    """

    run_id: str
    url: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where Kubeflow Pipelines is, and who asks.

    Attributes:
        host: URL of its API.
        token: Bearer token; empty where the server wants none.
        namespace: The profile's namespace where there are several.
        experiment: Runs are listed under this name.
    """

    host: str
    token: str = ""
    namespace: str = ""
    experiment: str = "shelfwise"


def submit(compiled: CompiledPipeline, given: Mapping[str, str], server: Server) -> Submission:
    """Starts a run.

    Args:
        compiled: What to run.
        given: Parameters of the submission; what `look_up` finds is added. The key of user ids lies beside the
            compiled pipeline.
        server: Where to.

    Returns:
        The run.

    Raises:
        ConfigError: A parameter, or the address, is not what it should be.
        InputError: A table cannot be read.
        SubmissionRefused: The server is not there, or says no.
    """
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", server.host):
        raise ConfigError(f"--host {server.host}: expected a URL such as http://localhost:8888")
    _check_serving_root(compiled, given)
    _check_forgotten(compiled, given)
    parameters = compiled.complete(look_up(compiled, given, compiled.file.resolve().parent))
    # The client warns of servers older than this format, and prints links.
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore", FutureWarning)
        try:
            client = kfp.Client(host=server.host, existing_token=server.token or None)
            run = client.create_run_from_pipeline_package(
                str(compiled.file),
                arguments=parameters,
                run_name=f"{compiled.name} {datetime.datetime.now():%Y-%m-%d %H:%M:%S}",
                experiment_name=server.experiment,
                namespace=server.namespace or None,
                pipeline_root=compiled.spec.default_pipeline_root,
            )
        except ApiException as error:
            raise SubmissionRefused(f"{server.host} refused the run: {error.status} {_reason(error)}") from error
        except (urllib3.exceptions.HTTPError, TimeoutError) as error:
            raise SubmissionRefused(
                f"Kubeflow Pipelines does not answer at {server.host}; is it there, its port forwarded, the token good?"
            ) from error
    url = f"{server.host.rstrip('/')}/#/runs/details/{run.run_id}"
    return Submission(run_id=run.run_id, url=url, parameters=parameters)


def _check_serving_root(compiled: CompiledPipeline, given: Mapping[str, str]) -> None:
    """Refuses to compare with no model because the pushed ones lie on a volume that is not to be seen from here."""
    declared = compiled.spec.root.input_definitions.parameters
    folder = serving_root(compiled, given)
    unknown = [name for name in declared if name.startswith(LAST_BLESSED) and name not in given]
    if unknown and "://" not in folder and not Path(folder).is_dir():
        raise ConfigError(
            f"models are pushed to {folder}, a volume that is not mounted here, so the last one cannot be looked up; "
            f"mount it, or add --parameter {unknown[0]}={folder}/MODEL/VERSION, with nothing behind = for no comparison"
        )


def _check_forgotten(compiled: CompiledPipeline, given: Mapping[str, str]) -> None:
    """Refuses to learn from the users of a list that no step of the cluster can see."""
    listed = ForgottenList.under(compiled.file.parent).uri()
    if listed and FORGOTTEN not in given:
        raise ConfigError(
            f"{listed} lists users who are to be forgotten, and no step can read it there; copy it to where the tables "
            f"are and add --parameter {FORGOTTEN}=URI, with nothing behind = to learn from them"
        )


def _reason(error: ApiException) -> str:
    """Returns what the server says is wrong, in one line."""
    text = error.body.decode(errors="replace") if isinstance(error.body, bytes) else str(error.body or error.reason)
    found = re.search(r'"(?:message|error)"\s*:\s*"((?:[^"\\]|\\.)*)"', text)
    return " ".join((found.group(1) if found else text).split())[:500]
