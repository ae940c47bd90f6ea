"""Which Beam runner the steps of a compiled pipeline use."""

from tfx_pipeline.cluster.options import CompileOptions
from tfx_pipeline.config.config import Config
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.shop.options import LOCAL_BEAM_ARGS

LOCAL = "local"
# What each runner cannot do without; the image of the workers has to hold Shelfwise and Beam's boot program.
_NEEDED = {
    "DataflowRunner": ("--project", "--region", "--sdk_container_image"),
    "FlinkRunner": ("--flink_master", "--environment_type"),
    "SparkRunner": ("--spark_master_url", "--environment_type"),
    "PortableRunner": ("--job_endpoint", "--environment_type"),
}


def beam_args(options: CompileOptions, config: Config) -> tuple[str, ...]:
    """Returns the arguments of the runner that `options` name.

    Raises:
        ConfigError: The runner is unknown, an argument that it needs is missing, or its workers could not see the
            artifacts.
    """
    if options.beam_runner == LOCAL:
        if options.beam_args:
            raise ConfigError("--beam-arg: give --beam-runner too; without it Beam runs inside each step")
        return LOCAL_BEAM_ARGS
    if options.beam_runner not in _NEEDED:
        raise ConfigError(f"--beam-runner {options.beam_runner}: expected {LOCAL} or one of {', '.join(_NEEDED)}")
    if not options.pipeline_root.startswith("gs://"):
        raise ConfigError(
            f"--beam-runner {options.beam_runner}: its workers would not see the copies of artifacts that the launcher "
            f"makes of {options.pipeline_root} for each step; give a --pipeline-root gs://…"
        )
    given = [*config.beam_args, *options.beam_args] if config.beam_args != LOCAL_BEAM_ARGS else options.beam_args
    names = {argument.partition("=")[0] for argument in given}
    missing = [name for name in _NEEDED[options.beam_runner] if name not in names]
    if missing:
        raise ConfigError(
            f"--beam-runner {options.beam_runner}: needs {', '.join(missing)}; add --beam-arg={missing[0]}=VALUE"
        )
    temporary = () if "--temp_location" in names else (f"--temp_location={options.pipeline_root.rstrip('/')}/beam",)
    return (f"--runner={options.beam_runner}", *temporary, *given)
