"""Texts for a whole catalogue by Beam, in parts: what was written is not written again."""

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.utils.shared import Shared

from components.tables.read_back import stripped_rows
from components.writing.product_fields import product_fields
from components.writing.writer import Candidate, Writer, difference
from trainer.progress import Tally
from trainer.writing.pairs import Pair

_AT_ONCE = 8


def part_file(folder: str, part: int) -> str:
    """Returns the path of the texts of one part."""
    return os.path.join(folder, f"part-{part:05d}.jsonl")


class WriteTexts(beam.PTransform):
    """Arrow IPC streams of the table `products` to files of JSON Lines, one a part, in a local folder.

    A product's part is told by the hash of its id. A part is held in memory, and its file appears whole, so that a
    killed run goes on with the parts that are missing.

    Args:
        what: The kind of text.
        folder: Where the files go.
        parts: How many parts there are.
        variants: Texts of each product.
        offer: An offer that each text may name; "" for none.
        attributes: Columns that the field `attributes` names.
        load: Loads what writes, once in a process.
    """

    def __init__(
        self,
        *,
        what: str,
        folder: str,
        parts: int,
        variants: int,
        offer: str,
        attributes: Sequence[str],
        load: Callable[[], Writer],
    ) -> None:
        super().__init__()
        self._what, self._folder, self._parts, self._variants = what, folder, parts, variants
        self._offer, self._attributes, self._load = offer, tuple(attributes), load

    def expand(self, table: beam.PCollection[bytes]) -> beam.PCollection[int]:
        """Adds the steps to a pipeline; puts out the number of texts of each part that was written."""
        return (
            table
            | "ReadFields" >> beam.FlatMap(self._fields)
            | "BringPartsTogether" >> beam.GroupByKey()
            | "WritePart" >> beam.ParDo(_WritePart(self._folder, self._variants, self._load))
        )

    def _fields(self, stream: bytes) -> Iterator[tuple[int, tuple[str, Pair]]]:
        for row in stripped_rows(stream):
            product_id = row["product_id"]
            part = int.from_bytes(hashlib.sha256(product_id.encode("utf-8", "surrogateescape")).digest()[:8], "big")
            part %= self._parts
            if os.path.exists(part_file(self._folder, part)):
                continue
            fields = product_fields(row, self._attributes)
            if self._offer:
                fields["offer"] = self._offer
            if self._what == "description":
                fields.pop("description", None)
            yield part, (product_id, Pair.of(self._what, fields))


class _WritePart(beam.DoFn):
    def __init__(self, folder: str, variants: int, load: Callable[[], Writer]) -> None:
        self._folder, self._variants, self._load = folder, variants, load
        self._shared = Shared()
        self._writer: Writer | None = None
        self._written = Tally("texts")

    def setup(self) -> None:
        self._writer = self._shared.acquire(self._load)

    def process(self, element: tuple[int, Iterable[tuple[str, Pair]]]) -> Iterator[int]:
        if self._writer is None:
            raise RuntimeError("Beam calls setup() before process().")
        part, rows = element[0], sorted(element[1])
        lines: list[str] = []
        for start in range(0, len(rows), _AT_ONCE):
            chunk = rows[start : start + _AT_ONCE]
            for (product_id, pair), texts in zip(
                chunk, self._writer.write([pair for _, pair in chunk], self._variants), strict=True
            ):
                lines += [_line(product_id, pair.what, place, texts) for place in range(len(texts))]
            self._written.add(len(chunk))
        path = part_file(self._folder, part)
        scratch = f"{path}.{uuid.uuid4().hex}"
        with open(scratch, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.writelines(lines)
        os.replace(scratch, path)
        yield len(lines)


def _line(product_id: str, what: str, place: int, texts: Sequence[Candidate]) -> str:
    own = texts[place]
    row: dict[str, Any] = {
        "product_id": product_id,
        "what": what,
        "variant": place,
        "text": own.text,
        "machine_written": True,
        "written_by": own.written_by,
        "checked": own.written_by != "template",
        "reason": own.reason,
        "shared": round(own.shared, 4),
    }
    if place:
        row["difference"] = round(min(difference(own.text, other.text) for other in texts[:place]), 4)
    return json.dumps(row, ensure_ascii=False) + "\n"
