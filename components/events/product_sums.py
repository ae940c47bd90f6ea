"""Numbers of products that add up over buckets of users."""

from collections.abc import Iterable

import apache_beam as beam
import pyarrow as pa

from components.tables.read_back import from_bytes, to_bytes

_STREAMS_ADDED_AT_ONCE = 16


class SumByProduct(beam.CombineFn):
    """Adds up Arrow IPC streams of product_id and columns of numbers; memory grows with the distinct products."""

    def create_accumulator(self) -> list[bytes]:
        """Returns no stream."""
        return []

    def add_input(self, accumulator: list[bytes], element: bytes) -> list[bytes]:
        """Adds one stream."""
        streams = [*accumulator, element]
        return streams if len(streams) < _STREAMS_ADDED_AT_ONCE else [_added_up(streams)]

    def merge_accumulators(self, accumulators: Iterable[list[bytes]]) -> list[bytes]:
        """Adds many."""
        streams = [stream for accumulator in accumulators for stream in accumulator]
        return [_added_up(streams)] if streams else []

    def extract_output(self, accumulator: list[bytes]) -> bytes | None:
        """Returns one stream, or None where nothing was counted."""
        return _added_up(accumulator) if accumulator else None


def _added_up(streams: list[bytes]) -> bytes:
    table = pa.concat_tables([from_bytes(stream) for stream in streams])
    names = [name for name in table.column_names if name != "product_id"]
    summed = table.group_by("product_id").aggregate([(name, "sum") for name in names])
    columns = {"product_id": summed["product_id"], **{name: summed[f"{name}_sum"] for name in names}}
    return to_bytes(pa.table(columns).combine_chunks())
