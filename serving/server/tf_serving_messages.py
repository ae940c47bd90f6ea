"""TF Serving's configuration messages that the package of its API lacks, described to the protobuf library."""

from collections.abc import Mapping, Sequence

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2
from google.protobuf.message import Message

_PACKAGE = "tensorflow.serving"
_KIND = descriptor_pb2.FieldDescriptorProto


def message_class(
    name: str,
    fields: Sequence[descriptor_pb2.FieldDescriptorProto],
    parts: Mapping[str, Sequence[descriptor_pb2.FieldDescriptorProto]] | None = None,
) -> type[Message]:
    """Returns the class of a message.

    Args:
        name: Of the message.
        fields: Its fields, of plain types, those of `google/protobuf/wrappers.proto`, or those of `parts`.
        parts: Fields of other messages by their names.
    """
    wrappers = wrappers_pb2.DESCRIPTOR
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{name}.proto", package=_PACKAGE, syntax="proto3", dependency=[wrappers.name]
    )
    for message_name, message_fields in {name: fields, **(parts or {})}.items():
        file.message_type.add(name=message_name, field=message_fields)
    # A pool of its own: the name stays free for a later package that brings the message along.
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


def scalar_field(name: str, number: int, kind: int, repeated: bool = False) -> descriptor_pb2.FieldDescriptorProto:
    """Describes a field of a plain type, one of FieldDescriptorProto's TYPE_…."""
    label = _KIND.LABEL_REPEATED if repeated else _KIND.LABEL_OPTIONAL
    return _KIND(name=name, number=number, label=label, type=kind)


def wrapped_field(name: str, number: int, wrapper: type[Message]) -> descriptor_pb2.FieldDescriptorProto:
    """Describes a field of a wrapped type, which tells "not given" from 0."""
    type_name = f".{wrapper.DESCRIPTOR.full_name}"
    return _KIND(name=name, number=number, label=_KIND.LABEL_OPTIONAL, type=_KIND.TYPE_MESSAGE, type_name=type_name)


def message_field(name: str, number: int, message_name: str) -> descriptor_pb2.FieldDescriptorProto:
    """Describes a field whose type is another message of the same class."""
    type_name = f".{_PACKAGE}.{message_name}"
    return _KIND(name=name, number=number, label=_KIND.LABEL_OPTIONAL, type=_KIND.TYPE_MESSAGE, type_name=type_name)
