"""What runs the Beam pipelines of the nodes, and how Beam is told."""

import json
import sys
from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from pydantic import Field, model_validator

from trainer.options import Options

RunnerName: TypeAlias = Literal["local", "multiprocess", "portable", "flink", "spark", "dataflow"]
RUNNERS: tuple[str, ...] = get_args(RunnerName)
# Whose workers are on other machines, and open every artifact themselves.
REMOTE_RUNNERS = ("flink", "spark", "dataflow")

_ENVIRONMENT = ("environment", "environment_config")
# What each runner cannot do without, and what else it knows.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "local": (),
    "multiprocess": ("workers",),
    "portable": ("environment",),
    "flink": ("master", "environment"),
    "spark": ("master", "environment"),
    "dataflow": ("project", "region", "image"),
}
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "local": (),
    "multiprocess": (),
    "portable": ("master", "workers", *_ENVIRONMENT, "more"),
    "flink": ("workers", *_ENVIRONMENT, "more"),
    "spark": (*_ENVIRONMENT, "more"),
    "dataflow": ("temp_location", "more"),
}
LOCAL_BEAM_ARGS = (
    # Beam's own default runner first looks for a program that it would have to download.
    "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner",
    # Where no image is named, TFX packs itself up for remote workers in every Beam node; nobody here pulls one.
    "--sdk_container_image=none",
)
# What Beam's own job server calls processes that it starts, and what starts one. It is the SUBPROCESS_SDK of
# apache_beam.portability.python_urns; to import Beam takes seconds.
PYTHON_PROCESSES = "beam:env:harness_subprocess_python:v1"
_PYTHON_WORKER = "-m apache_beam.runners.worker.sdk_worker_main"


class BeamOptions(Options):
    """What runs everything that grows with the tables.

    Beam has more runners. Those that are not named here are refused: some give wrong results without an error.

    Attributes:
        runner: `local` (in the node's own process), `multiprocess` (in several processes of this machine), `portable`
            (any job server of Beam's portable runner), `flink`, `spark` or `dataflow`. It needs: `multiprocess`
            `workers`; `portable` `environment`; `flink` and `spark` `master` and `environment`; `dataflow` `project`,
            `region` and `image`.
        workers: Workers side by side: the processes of `multiprocess`, the parallelism of `portable` and `flink`.
        master: Where the runner is. Of `portable` a job server, HOST:PORT, or `embed` for one in the node's process; of
            `flink` HOST:PORT, of `spark` spark://HOST:PORT.
        environment: Where Python works: `loopback` (in the node's own process), `process` (in processes that each
            machine starts), `docker` (in containers) or `external` (where worker pools wait).
        environment_config: Of `process` the command of a worker, which is Beam's boot program with Flink and Spark, and
            may be left out with Beam's own job server; of `docker` the image; of `external` HOST:PORT of the pool.
        project: The project of Google Cloud.
        region: Its region.
        image: Container image with Shelfwise, for the workers.
        temp_location: URI of temporary files, which a compiled pipeline has below its root.
        more: Further arguments of the runner as Beam names them, such as `--flink_job_server_jar=FILE`.
    """

    runner: RunnerName = "local"
    workers: int | None = Field(default=None, ge=1)
    master: str | None = Field(default=None, min_length=1)
    environment: Literal["loopback", "process", "docker", "external"] | None = None
    environment_config: str | None = Field(default=None, min_length=1)
    project: str | None = Field(default=None, min_length=1)
    region: str | None = Field(default=None, min_length=1)
    image: str | None = Field(default=None, min_length=1)
    temp_location: str | None = Field(default=None, min_length=1)
    more: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _the_runner_is_known(cls, values: object) -> object:
        if isinstance(values, Mapping) and values.get("runner", RUNNERS[0]) not in RUNNERS:
            raise ValueError(
                f"expected a `runner` out of {', '.join(RUNNERS)}, got {values['runner']!r}: no other is known to give "
                "right results"
            )
        return values

    @model_validator(mode="after")
    def _the_runner_has_what_it_needs(self) -> "BeamOptions":
        given = {name for name, value in self if value not in (None, ())} - {"runner"}
        missing = [name for name in _NEEDED[self.runner] if name not in given]
        if missing:
            raise ValueError(f"the runner {self.runner} needs {', '.join(f'`{name}`' for name in missing)} beside it")
        unknown = sorted(given - {*_NEEDED[self.runner], *_KNOWN[self.runner]})
        if unknown:
            raise ValueError(
                f"the runner {self.runner} knows no {', '.join(f'`{name}`' for name in unknown)}; leave that out, or "
                "name another runner"
            )
        if any(argument.partition("=")[0] == "--runner" for argument in self.more):
            raise ValueError("`more` names a runner; that is what `runner` is for")
        own_process = self.environment == "process" and self.runner == "portable"
        if self.environment in ("process", "docker", "external") and not self.environment_config and not own_process:
            raise ValueError(f"`environment: {self.environment}` needs `environment_config` beside it")
        return self

    def arguments(self, python: str = sys.executable) -> tuple[str, ...]:
        """Returns what Beam is told.

        Args:
            python: What starts Python where the nodes run.
        """
        if self.runner == "portable":
            return (*self._portable(python), *self.more)
        return (*getattr(self, f"_{self.runner}")(), *self.more)

    def _local(self) -> tuple[str, ...]:
        return LOCAL_BEAM_ARGS

    def _multiprocess(self) -> tuple[str, ...]:
        return (
            *LOCAL_BEAM_ARGS,
            "--direct_running_mode=multi_processing",
            f"--direct_num_workers={self.workers}",
        )

    def _portable(self, python: str) -> tuple[str, ...]:
        master = self.master or "embed"
        if self.environment == "process" and not self.environment_config:
            # Beam's own job server has a name of its own for it, and knows none of a boot program.
            environment: tuple[str, ...] = (
                f"--environment_type={PYTHON_PROCESSES}",
                f"--environment_config={python} {_PYTHON_WORKER}",
                "--sdk_container_image=none",
            )
        else:
            environment = self._environment()
        workers = f"--sdk_worker_parallelism={self.workers or 1}"
        return ("--runner=PortableRunner", f"--job_endpoint={master}", workers, *environment)

    def _flink(self) -> tuple[str, ...]:
        parallelism = (f"--parallelism={self.workers}",) if self.workers else ()
        return ("--runner=FlinkRunner", f"--flink_master={self.master}", *parallelism, *self._environment())

    def _spark(self) -> tuple[str, ...]:
        return ("--runner=SparkRunner", f"--spark_master_url={self.master}", *self._environment())

    def _dataflow(self) -> tuple[str, ...]:
        return (
            "--runner=DataflowRunner",
            f"--project={self.project}",
            f"--region={self.region}",
            f"--sdk_container_image={self.image}",
            *([f"--temp_location={self.temp_location}"] if self.temp_location else []),
        )

    def _environment(self) -> tuple[str, ...]:
        """Returns where Python works; an image is always named, since TFX would pack itself up without one."""
        config = self.environment_config
        if self.environment == "docker":
            return ("--environment_type=DOCKER", f"--sdk_container_image={config}")
        told = json.dumps({"command": config}) if self.environment == "process" else config
        kind = f"--environment_type={str(self.environment).upper()}"
        given = (f"--environment_config={told}",) if config else ()
        return (kind, *given, "--sdk_container_image=none")
