"""What stock TensorFlow Serving reads beside the models that a run has pushed."""

from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from components.pushing.served_versions import version_numbers

MODELS_FILE = "models.config"
# Where the image's users mount the folder of models.
_MOUNTED_AT = "/models"


def write_models_file(serving: Path) -> None:
    """Writes `models.config` with every model that has a version, as TF Serving waits at its start for each in it.

    Args:
        serving: Folder with `<model>/<version>/`.
    """
    config = model_server_config_pb2.ModelServerConfig()
    for folder in sorted(path for path in serving.iterdir() if path.is_dir()):
        if version_numbers(str(folder)):
            config.model_config_list.config.add(
                name=folder.name, base_path=f"{_MOUNTED_AT}/{folder.name}", model_platform="tensorflow"
            )
    # Renamed into place: a server that follows the file never reads half of it.
    partial = serving / f".{MODELS_FILE}"
    partial.write_text(text_format.MessageToString(config), encoding="utf-8")
    partial.replace(serving / MODELS_FILE)
