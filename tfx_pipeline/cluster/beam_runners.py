"""Which Beam runner the steps of a compiled pipeline use."""

from tfx_pipeline.cluster.options import CompileOptions
from tfx_pipeline.config.config import Config
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.shop.beam_options import REMOTE_RUNNERS, BeamOptions


def beam_of_steps(options: CompileOptions, config: Config) -> BeamOptions:
    """Returns the runner of the configuration, as the steps of a cluster use it.

    Raises:
        ConfigError: Its workers could not see the artifacts, or nobody could reach them.
    """
    beam = config.beam
    if beam.runner not in REMOTE_RUNNERS:
        return beam
    if not options.pipeline_root.startswith("gs://"):
        raise ConfigError(
            f"`beam.runner`: the workers of {beam.runner} would not see the copies of artifacts that the launcher "
            f"makes of {options.pipeline_root} for each step; give a --pipeline-root gs://…"
        )
    if beam.environment == "loopback":
        raise ConfigError(
            f"`beam.environment`: loopback has the step's own pod work, which {beam.runner} does not reach; name "
            "process, docker or external"
        )
    if beam.runner == "dataflow" and beam.temp_location is None:
        return beam.model_copy(update={"temp_location": f"{options.pipeline_root.rstrip('/')}/beam"})
    return beam
