"""Builds shelfwise-client with setuptools, after taking TensorFlow Serving's message descriptors from its package.

A build backend (PEP 517): pyproject.toml names it. The descriptors are one file beside the module that reads them; it
is made anew by every build, and belongs to no commit.
"""

from pathlib import Path
from typing import Any

from setuptools import build_meta

get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel
get_requires_for_build_editable = build_meta.get_requires_for_build_editable
prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable

DESCRIPTORS = Path(__file__).resolve().parents[1] / "src/shelfwise_client/protocol/tensorflow_serving.binpb"


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    """Makes the wheel, and returns its name."""
    write_descriptors(DESCRIPTORS)
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    """Makes the wheel that points at this source, and returns its name."""
    write_descriptors(DESCRIPTORS)
    return build_meta.build_editable(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    """Refuses: what holds the source without the descriptors could not be built where there is no TensorFlow."""
    raise RuntimeError("shelfwise-client is built as a wheel; ask for that one, which runs on any system.")


def write_descriptors(path: Path) -> None:
    """Writes the descriptors of the messages that the client sends and reads, and of all that these hold.

    Args:
        path: A FileDescriptorSet, each file after those that it imports.
    """
    from google.protobuf.descriptor import FileDescriptor
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2

    descriptors, seen = FileDescriptorSet(), set()

    def add(file: FileDescriptor) -> None:
        if file.name not in seen:
            seen.add(file.name)
            for imported in file.dependencies:
                add(imported)
            file.CopyToProto(descriptors.file.add())

    add(predict_pb2.DESCRIPTOR)
    add(get_model_metadata_pb2.DESCRIPTOR)
    partial = path.with_suffix(".partial")
    partial.write_bytes(descriptors.SerializeToString(deterministic=True))
    partial.replace(path)


if __name__ == "__main__":
    write_descriptors(DESCRIPTORS)
