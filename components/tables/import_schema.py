"""ImportSchema: a curated schema becomes an artifact."""

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts
from tfx.utils import io_utils


@component
def ImportSchema(schema_text: Parameter[str], schema: OutputArtifact[standard_artifacts.Schema]) -> None:
    """Writes `schema.pbtxt`.

    TFX's ImportSchemaGen takes a path, so its cache misses a change of the file, and a container would need the
    same path; the text itself has neither problem.

    Args:
        schema_text: A TFMD Schema in protobuf text format.
        schema: Output artifact.
    """
    message = text_format.Parse(schema_text, schema_pb2.Schema())
    io_utils.write_pbtxt_file(f"{schema.uri}/schema.pbtxt", message)
