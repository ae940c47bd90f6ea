"""The blessing of a model, as TFX's Evaluator writes it."""

from tfx.components.evaluator import constants
from tfx.types.artifact import Artifact
from tfx.utils import io_utils

from components.gate.decision import Decision


def write_blessing(blessing: Artifact, model: Artifact, decision: Decision) -> None:
    """Writes the file and the properties by which TFX's Pusher and resolvers know a blessed model."""
    file_name = constants.BLESSED_FILE_NAME if decision.blessed else constants.NOT_BLESSED_FILE_NAME
    value = constants.BLESSED_VALUE if decision.blessed else constants.NOT_BLESSED_VALUE
    io_utils.write_string_file(f"{blessing.uri}/{file_name}", "")
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, value)
    blessing.set_string_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri)
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
