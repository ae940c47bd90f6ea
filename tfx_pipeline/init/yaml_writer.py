"""Writes YAML with comments."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

_WIDTH = 118
_LINE_BREAKS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


@dataclass(kw_only=True)
class Commented:
    """Values with what is said of them.

    Attributes:
        values: What the file says.
        above: Sentences before a key, by the keys that lead to it.
        beside: A few words after a value, by the keys that lead to it.
    """

    values: dict[str, Any]
    above: dict[tuple[str, ...], list[str]] = field(default_factory=dict)
    beside: dict[tuple[str, ...], str] = field(default_factory=dict)


def to_yaml(document: Commented) -> str:
    """Returns the text of a YAML file.

    Args:
        document: Values that YAML has: mappings, lists, texts, numbers and truths.
    """
    return "\n".join(_mapping(document, document.values, (), 0)) + "\n"


class _OneLine(yaml.SafeDumper):
    """Writes texts with line breaks on one line, in double quotes."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = '"' if _LINE_BREAKS & set(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_OneLine.add_representer(str, _text)


def _mapping(document: Commented, values: Mapping[str, Any], keys: tuple[str, ...], indent: int) -> Iterator[str]:
    space = " " * indent
    for number, (name, value) in enumerate(values.items()):
        place = (*keys, name)
        if not keys and number:
            yield ""
        for sentence in document.above.get(place, ()):
            yield from (f"{space}# {line}" for line in _folded(sentence, _WIDTH - indent - 2))
        beside = _beside(document, place)
        key = _scalar(name)
        if isinstance(value, Mapping) and value:
            yield f"{space}{key}:{beside}"
            yield from _mapping(document, value, place, indent + 2)
        elif isinstance(value, Sequence) and any(isinstance(each, Mapping) for each in value):
            yield f"{space}{key}:{beside}"
            for number, each in enumerate(value):
                yield from _item(document, each, (*place, str(number)), indent + 2)
        else:
            yield f"{space}{key}:{_after_colon(value)}{beside}"


def _item(document: Commented, value: Any, place: tuple[str, ...], indent: int) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{' ' * indent}- {_scalar(value)}"
        return
    lines = list(_mapping(document, value, place, indent + 2))
    first = next(number for number, line in enumerate(lines) if not line.lstrip().startswith("#"))
    lines[first] = f"{' ' * indent}- {lines[first].lstrip()}"
    yield from lines


def _after_colon(value: Any) -> str:
    if value is None or value == {}:
        return ""
    return f" {_scalar(value)}"


def _scalar(value: Any) -> str:
    text: str = yaml.dump(
        value, Dumper=_OneLine, default_flow_style=True, allow_unicode=True, width=2**20, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _beside(document: Commented, place: tuple[str, ...]) -> str:
    words = document.beside.get(place)
    return f"  # {_one_line(words)}" if words else ""


def _one_line(text: str) -> str:
    """Returns a comment without line breaks, which would end it."""
    return "".join(" " if sign in _LINE_BREAKS else sign for sign in text)


def _folded(sentence: str, width: int) -> Iterator[str]:
    """Yields lines of at most `width` characters, a longer word alone; what begins with a space stays one line."""
    if sentence.startswith(" "):
        yield _one_line(sentence)
        return
    line = ""
    for word in sentence.split():
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield line
