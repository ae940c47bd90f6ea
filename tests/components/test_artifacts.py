"""Artifact types: found by their type names, as Kubeflow's steps look them up."""

import pytest
from tfx.utils import import_utils

from components import artifacts

TYPES = [each for each in vars(artifacts).values() if isinstance(each, type) and each.__module__ == artifacts.__name__]


def test_every_output_of_a_task_has_its_type() -> None:
    assert len(TYPES) >= 9


@pytest.mark.parametrize("artifact_type", TYPES)
def test_the_type_name_is_a_path_to_the_class(artifact_type: type) -> None:
    assert import_utils.import_class_by_path(artifact_type.TYPE_NAME) is artifact_type


def test_other_names_are_not_there() -> None:
    with pytest.raises(ImportError):
        import_utils.import_class_by_path("components.Nothing")
