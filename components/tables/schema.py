"""Adds the columns that the configuration names to a table's curated schema."""

from tensorflow_metadata.proto.v0 import schema_pb2

from components.tables.contract import TableContract, TableOptions, columns_to_read

_TYPES = {"float": schema_pb2.FLOAT, "boolean": schema_pb2.INT}


def extend_schema(schema: schema_pb2.Schema, contract: TableContract, options: TableOptions) -> schema_pb2.Schema:
    """Gives a curated schema the extra columns, so that Transform can read them as features.

    Args:
        schema: The curated schema; it is left as it is.
        contract: The table's contract.
        options: Names the extra columns: numeric ones become FLOAT, categorical ones BYTES, outcomes INT, all of them
            optional.

    Returns:
        A copy with the extra columns last, in the order in which the examples hold them.
    """
    extended = schema_pb2.Schema()
    extended.CopyFrom(schema)
    known = {feature.name for feature in schema.feature}
    for column in columns_to_read(contract, options):
        if column.name not in known:
            feature = extended.feature.add(name=column.name)
            feature.type = _TYPES.get(column.kind, schema_pb2.BYTES)
            feature.value_count.min = 1
            feature.value_count.max = 1
    return extended
