"""What a submission looks up: the tables' digests, the models that were pushed last, and the key of user ids."""

from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

from components.errors import InputError
from components.pushing.served_versions import latest_version
from components.tables.sources import sources_from_json
from tfx_pipeline.cluster.compiled_pipeline import CompiledPipeline
from tfx_pipeline.cluster.parameters import DATA, FORGOTTEN, LAST_BLESSED, SERVING_ROOT, USER_ID_KEY
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.shop.digests import digest_sources
from tfx_pipeline.shop.forgotten_list import list_reference
from tfx_pipeline.shop.user_id_key import user_id_key


def look_up(compiled: CompiledPipeline, given: Mapping[str, str], key_folder: Path) -> dict[str, str]:
    """Adds to the parameters of a submission those that follow from the data and from what was pushed before.

    Args:
        compiled: What is submitted.
        given: Parameters that are known; none of them is replaced, but that a digest is put beside the URI of the list
            of forgotten users. Each table is read once for its digest.
        key_folder: Folder of the key that user ids are hashed with, which is made there when it is first asked for.

    Returns:
        All that is given and known, as text.

    Raises:
        ConfigError: The folder of the tables is not given, and some path is relative to it.
        InputError: A table, the folder of the served models, or the list of forgotten users cannot be read.
    """
    declared = compiled.spec.root.input_definitions.parameters
    if DATA in declared and DATA not in given:
        raise ConfigError(f"{compiled.file} takes tables from a folder that it is told: add --data FOLDER_OR_URI")
    found = dict(given)
    for task in compiled.tasks:
        constants, submitted = compiled.constants(task), compiled.submitted(task)
        digest = submitted.get("digest")
        if digest is not None and digest not in found:
            data = given.get(submitted.get("data", ""), "")
            sources = [source.at(data) for source in sources_from_json(constants["sources"])]
            found[digest] = digest_sources(constants["table"], sources)
        last_blessed = submitted.get("last_blessed")
        if last_blessed is not None and last_blessed not in found:
            found[last_blessed] = _latest_version(
                f"{serving_root(compiled, given)}/{last_blessed.removeprefix(LAST_BLESSED)}"
            )
    if USER_ID_KEY in declared and USER_ID_KEY not in found:
        found[USER_ID_KEY] = user_id_key(key_folder)
    if found.get(FORGOTTEN):
        found[FORGOTTEN] = _forgotten(found[FORGOTTEN])
    return found


def serving_root(compiled: CompiledPipeline, given: Mapping[str, str]) -> str:
    """Returns where models are pushed to: what is given, or else what was compiled."""
    declared = compiled.spec.root.input_definitions.parameters
    return given.get(SERVING_ROOT) or str(declared[SERVING_ROOT].default_value.string_value)


def _forgotten(uri: str) -> str:
    try:
        with tf.io.gfile.GFile(uri, "rb") as file:
            return list_reference(uri, file.read())
    except (tf.errors.OpError, OSError) as error:
        raise InputError(
            f"--parameter {FORGOTTEN}={uri}: expected the list `users.txt` that `shelfwise forget` writes; it cannot "
            f"be read: {error}"
        ) from error


def _latest_version(folder: str) -> str:
    try:
        return latest_version(folder)
    except (tf.errors.OpError, OSError) as error:
        raise InputError(f"the served models at {folder} cannot be listed: {error}") from error
