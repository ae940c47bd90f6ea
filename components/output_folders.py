"""The folders that a node which makes examples writes into."""

import json
from collections.abc import Mapping, Sequence

from tfx.dsl.io import fileio
from tfx.types.artifact import Artifact
from tfx.types.artifact_utils import get_single_instance, get_split_uri


def make_output_folders(
    output_dict: Mapping[str, Sequence[Artifact]], splits: Sequence[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Makes the folders of a node's outputs, and names the splits of its artifact `examples`.

    Args:
        output_dict: The node's outputs, one of which is `examples`.
        splits: Names of the splits.

    Returns:
        The folder of each split by its name, and that of each other output by its name.
    """
    examples = get_single_instance(list(output_dict["examples"]))
    examples.split_names = json.dumps(splits)
    of_splits = {split: get_split_uri([examples], split) for split in splits}
    others = {name: get_single_instance(list(each)).uri for name, each in output_dict.items() if name != "examples"}
    for uri in (*of_splits.values(), *others.values()):
        fileio.makedirs(uri)
    return of_splits, others
