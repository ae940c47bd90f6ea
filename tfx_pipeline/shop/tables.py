"""The nodes that every table goes through before anything learns from it."""

from importlib.resources import files
from typing import NamedTuple

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.components import ExampleValidator, StatisticsGen
from tfx.dsl.components.base.base_node import BaseNode
from tfx.types.channel import BaseChannel

from components.source_digest import source_digest
from components.tables.contract import TABLES, USER_ID, TableOptions
from components.tables.data_gate import DataGate
from components.tables.example_gen import TableExampleGen
from components.tables.import_schema import ImportSchema
from components.tables.notes.constant_columns import telling_columns
from components.tables.notes.large_ids import own_names
from components.tables.schema import extend_schema
from tfx_pipeline.shop.inputs import PipelineInputs
from tfx_pipeline.shop.options import ShopOptions


class TableNodes(NamedTuple):
    """A table inside the pipeline.

    Attributes:
        examples: Channel of the table's good rows.
        schema: Channel of its curated schema.
        gate: The node that lets the run go on; whatever reads the table comes after it.
        nodes: All nodes of the table.
    """

    examples: BaseChannel
    schema: BaseChannel
    gate: BaseNode
    nodes: list[BaseNode]


def table_nodes(name: str, shop: ShopOptions, inputs: PipelineInputs, options: TableOptions) -> TableNodes:
    """Returns TableExampleGen ─ StatisticsGen ─ ImportSchema ─ ExampleValidator ─ DataGate of one table.

    Args:
        name: The table's name in the configuration.
        shop: Where the table lies and what is borne.
        inputs: The digest of its content, and where relative paths begin.
        options: What it may hold beyond its contract.
    """
    title = "".join(part.capitalize() for part in name.split("_"))
    sources = shop.tables.given()[name]
    example_gen = TableExampleGen(
        table=name,
        sources=[source.in_zone(shop.time_zone) for source in sources],
        data=inputs.data,
        digest=inputs.table_digests[name],
        user_id_key=inputs.user_id_key,
        # A table without users stays as it is when one of them is forgotten.
        forgotten=inputs.forgotten if USER_ID in TABLES[name].column_names else "",
        options=options,
        source_digest=source_digest("components.tables.example_gen"),
    ).with_id(f"{title}ExampleGen")
    statistics_gen = StatisticsGen(examples=example_gen.outputs["examples"]).with_id(f"{title}StatisticsGen")
    schema = ImportSchema(schema_text=_schema_text(name, options)).with_id(f"{title}ImportSchema")
    validator = ExampleValidator(
        statistics=statistics_gen.outputs["statistics"], schema=schema.outputs["schema"]
    ).with_id(f"{title}ExampleValidator")
    gate = DataGate(
        anomalies=validator.outputs["anomalies"],
        statistics=statistics_gen.outputs["statistics"],
        quarantine=example_gen.outputs["quarantine"],
        table=name,
        max_bad_fraction=shop.limits.max_bad_fraction,
        telling_columns=telling_columns(name, options, sources),
        own_names=own_names(sources),
        plain_user_ids=shop.plain_user_ids,
        drift=shop.drift,
        earlier_statistics=inputs.earlier_output(f"{title}StatisticsGen", "statistics"),
        source_digest=source_digest("components.tables.data_gate"),
    ).with_id(f"{title}DataGate")
    return TableNodes(
        examples=example_gen.outputs["examples"],
        schema=schema.outputs["schema"],
        gate=gate,
        nodes=[example_gen, statistics_gen, schema, validator, gate],
    )


def _schema_text(name: str, options: TableOptions) -> str:
    """Returns the table's curated schema with the extra columns added as optional features."""
    curated = (files("tfx_pipeline") / "schemas" / f"{name}.pbtxt").read_text(encoding="utf-8")
    schema = text_format.Parse(curated, schema_pb2.Schema())
    return text_format.MessageToString(extend_schema(schema, TABLES[name], options))
