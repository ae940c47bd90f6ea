"""What a cluster is asked for, and the checks that can be made before anything is compiled."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tfx_pipeline.config.config import Config
from tfx_pipeline.config.yaml_file import ConfigError

# The schemes that the launcher of Kubeflow Pipelines copies artifacts from and to.
LAUNCHER_SCHEMES = ("gs", "s3", "minio")
SERVING_MOUNT = "/serving"

_PART = r"[a-z0-9][a-z0-9._-]*"
# Only before a slash does a colon stand for a registry's port.
_IMAGE = re.compile(rf"({_PART}(:\d+)?/)?{_PART}(/{_PART})*(?P<tag>:\w[\w.-]{{0,127}})?")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_URI = re.compile(r"(?P<scheme>[a-z][a-z0-9]*)://[^/\s]+(/\S*)?")


@dataclass(frozen=True, kw_only=True)
class CompileOptions:
    """The options of `shelfwise compile`; a value of a resource is `VALUE` for all steps, or `STEP=VALUE`.

    Attributes:
        image: Container image with Shelfwise installed, with its tag or digest.
        pipeline_root: URI below which the cluster keeps artifacts.
        serving_root: Where models are pushed to; empty for `<pipeline_root>/serving`.
        serving_claim: PersistentVolumeClaim that models are pushed to instead.
        cpu: Limits as Kubernetes quantities.
        memory: Limits as Kubernetes quantities.
        accelerator: `TYPE:COUNT`; without a step's name it goes to the steps that train or encode texts.
        node_selector: `label=value` of the nodes for steps with an accelerator, or for all where none has one.
        workers: Pods that each training step trains on, `N`, or `STEP=N`.
        vertex: Whether it is for Vertex AI Pipelines rather than for Kubeflow.
        update: Whether a submission may say what to start from.
    """

    image: str
    pipeline_root: str
    serving_root: str = ""
    serving_claim: str = ""
    cpu: Sequence[str] = ()
    memory: Sequence[str] = ()
    accelerator: Sequence[str] = ()
    node_selector: Sequence[str] = ()
    workers: Sequence[str] = ()
    vertex: bool = False
    update: bool = False

    def where_to_keep_checkpoints(self) -> str:
        """Returns the URI that trainers keep checkpoints below; empty where none of theirs would outlive a pod."""
        root = self.pipeline_root.rstrip("/")
        return f"{root}/checkpoints" if root.startswith("gs://") else ""

    def where_to_serve(self) -> str:
        """Returns the folder or URI that models are pushed to."""
        if self.serving_claim:
            return SERVING_MOUNT
        return (self.serving_root or f"{self.pipeline_root.rstrip('/')}/serving").rstrip("/")


def check_options(options: CompileOptions, config: Config) -> None:
    """Refuses what no cluster could run.

    Args:
        options: What the cluster is asked for.
        config: What to run, with paths as they were written.

    Raises:
        ConfigError: The message names the option or the key, and what it should be.
    """
    _check_image(options.image)
    scheme = _check_root(options)
    _check_serving(options, scheme)
    paths = ((table, path) for table, given in config.tables.given().items() for each in given for path in each.paths())
    for table, path in paths:
        if "://" not in path and path.startswith(("/", "..")):
            raise ConfigError(
                f"`tables.{table}`: {path} is a path of this machine, which no cluster sees; write a URI, or a path "
                "relative to the parameter `data` of the submission"
            )
    for key, backbone in config.backbones().items():
        if "/" in backbone and not backbone.startswith("package:"):
            raise ConfigError(
                f"`{key}`: {backbone} is a path of this machine, which no cluster sees; write package:NAME/FOLDER for "
                "weights that the image ships in a package, or the name of a preset"
            )


def _check_image(image: str) -> None:
    name, at, digest = image.partition("@")
    matched = _IMAGE.fullmatch(name)
    if matched is None or (at and not _DIGEST.fullmatch(digest)):
        raise ConfigError(f"--image {image}: expected an image such as registry.example/shelfwise:1.0")
    if not at and matched["tag"] is None:
        raise ConfigError(
            f"--image {image}: expected a tag or a digest, as in {image}:1.0; without one the cluster may run another "
            "version than was compiled"
        )


def _check_root(options: CompileOptions) -> str:
    matched = _URI.fullmatch(options.pipeline_root)
    allowed = ("gs",) if options.vertex else LAUNCHER_SCHEMES
    if matched is None or matched["scheme"] not in allowed:
        raise ConfigError(
            f"--pipeline-root {options.pipeline_root}: expected a URI such as "
            + " or ".join(f"{scheme}://bucket/folder" for scheme in allowed)
        )
    return matched["scheme"]


def _check_serving(options: CompileOptions, root_scheme: str) -> None:
    if options.serving_root and options.serving_claim:
        raise ConfigError("--serving-root and --serving-claim: give one of them")
    if options.vertex and options.serving_claim:
        raise ConfigError("--serving-claim: Vertex AI has no volume claims; give --serving-root gs://…")
    if options.serving_root:
        if not re.fullmatch(r"gs://[^/\s]+(/\S*)?", options.serving_root):
            raise ConfigError(
                f"--serving-root {options.serving_root}: expected gs://bucket/folder, the one kind of store that a "
                "model can be pushed to from a step; give --serving-claim NAME to push to a volume"
            )
    elif not options.serving_claim and root_scheme != "gs":
        raise ConfigError(
            f"--pipeline-root {options.pipeline_root}: a step sees {root_scheme}:// only as the launcher's copies of "
            "artifacts, so models cannot be pushed there; add --serving-claim NAME of a volume, or --serving-root gs://…"
        )
