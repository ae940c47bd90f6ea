"""Texts with places for fields, as prompts and fallbacks are configured; loads no TensorFlow."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

# What a text may be made of: the inputs of the served model.
FIELDS = ("title", "brand", "category", "description", "price", "attributes", "offer", "question", "answer")
_PART = re.compile(r"\[([^\[\]]*)\]|([^\[\]]+)|([\[\]])")
_PLACE = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True)
class Part:
    """A run of a template.

    Attributes:
        pieces: Plain texts and names of fields in turn; it begins and ends with a plain text, which may be empty.
        optional: Whether it is left out where one of its fields is empty.
    """

    pieces: tuple[str, ...]
    optional: bool

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields in it, in their order."""
        return self.pieces[1::2]


@dataclass(frozen=True)
class Template:
    """A text such as `{title}[ by {brand}]`: what stands in brackets is left out where a field in it is empty.

    Args:
        text: The text.

    Raises:
        ValueError: A bracket has no partner, or a place names no field.
    """

    text: str

    def __post_init__(self) -> None:
        for _, _, bracket in _PART.findall(self.text):
            if bracket:
                raise ValueError(f"`{self.text}` should close each bracket and have none within another")
        unknown = sorted(set(self.fields) - set(FIELDS))
        if unknown:
            raise ValueError(
                f"`{self.text}` should name fields of a text, {', '.join(FIELDS)}; it names {', '.join(unknown)}"
            )

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Its runs, in their order."""
        return tuple(
            Part(tuple(_PLACE.split(inner or plain)), optional=not plain)
            for inner, plain, _ in _PART.findall(self.text)
        )

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it names, each once."""
        return tuple(dict.fromkeys(name for part in self.parts for name in part.fields))

    def fill(self, values: Mapping[str, str]) -> str:
        """Returns the text with its fields, of which those that are not given are empty."""
        return "".join(
            "".join(values.get(piece, "") if place % 2 else piece for place, piece in enumerate(part.pieces))
            for part in self.parts
            if not part.optional or all(values.get(name) for name in part.fields)
        )
