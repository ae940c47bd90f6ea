"""docs/configuration.md: all keys of the configuration, from the models that read them and their docstrings.

A test compares the page with what is made here; `RENEW_GOLDEN=1` makes it write the page anew.
"""

import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tfx_pipeline.config.type_words import can_be_off, elements_of, elements_words, model_of, type_words

_LINE_LENGTH = 120
_INTRODUCTION = """\
# Configuration keys

<!-- Made from the models by tfx_pipeline/config/reference.py; CONTRIBUTING.md says how to renew it. -->

A configuration is a YAML file. The keys below are dotted: `text.fields` is the key `fields` below the key `text`. On
the command line, `--set text.fields=[title]` replaces what the file says. An unknown key, a wrong type or a value out
of its range is refused in one line that names the key.

The default applies where a key is left out. "none" as a default means: nothing, or what the description says. A key
without a default must be given.

[index.md](index.md) leads to the pages that explain what these keys are for.
"""


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key that holds a value.

    Attributes:
        name: The dotted key.
        type: What the value should be, in words.
        default: The default as YAML; None for a key that must be given.
        description: What it is.
    """

    name: str
    type: str
    default: str | None
    description: str


@dataclass(frozen=True, kw_only=True)
class Group:
    """Keys that stand side by side.

    Attributes:
        name: The dotted key above them; empty for the whole configuration.
        description: What they are for, as Markdown.
        keys: Those of them that hold values.
        groups: Those that hold further keys.
    """

    name: str
    description: str
    keys: tuple[Key, ...]
    groups: tuple["Group", ...]


def read_group(model: type[BaseModel], name: str = "", description: str = "", defaults: Any = None) -> Group:
    """Reads the keys of a model and of all models below it.

    Args:
        model: The class of the options.
        name: The dotted key that it is found at.
        description: What the key is for.
        defaults: The instance that holds where the key is left out; None for the class's own defaults.

    Raises:
        LookupError: A key has no description.
        TypeError: There are no words for the type of a key.
    """
    keys: list[Key] = []
    groups: list[Group] = []
    for field_name, field in model.model_fields.items():
        dotted = f"{name}.{field_name}" if name else field_name
        default = getattr(defaults, field_name) if defaults is not None else _default(field)
        inner, element = model_of(field.annotation), elements_of(field.annotation)
        if element is not None:
            where = _where(model, name, dotted, element)
            keys.append(_key(model, field_name, dotted, field, default, elements_words(field, where)))
            if where not in {group.name for group in groups}:
                groups.append(read_group(element, where, "\n\n".join(_paragraphs(element))))
        elif inner is None:
            keys.append(_key(model, field_name, dotted, field, default))
        else:
            groups.append(_group(model, field_name, dotted, field, inner, default))
    return Group(name=name, description=description, keys=tuple(keys), groups=tuple(groups))


def configuration_page(model: type[BaseModel]) -> str:
    """Returns the page of all keys of a configuration as Markdown."""
    whole = read_group(model)
    return "\n".join(
        [_INTRODUCTION, *_table(whole.keys), *(line for group in whole.groups for line in _part(group, 2))]
    )


def _where(model: type[BaseModel], name: str, dotted: str, element: type[BaseModel]) -> str:
    """Returns where the keys of one out of a list are found: once, as `tables.TABLE`, for several lists of a kind.

    Of names that the user gives it is `kinds.NAME`.
    """
    if any(
        get_origin(field.annotation) is dict and elements_of(field.annotation) is element
        for field in model.model_fields.values()
    ):
        return f"{dotted}.NAME"
    fields = [field for field in model.model_fields.values() if elements_of(field.annotation) is element]
    return dotted if len(fields) == 1 else f"{name}.{name.rpartition('.')[2].removesuffix('s').upper()}"


def _key(
    model: type[BaseModel], field_name: str, dotted: str, field: FieldInfo, default: Any, words: str | None = None
) -> Key:
    description = _attribute(model, field_name) or field.description
    if not description:
        raise LookupError(f"`{dotted}` has no description: add `{field_name}` to `Attributes:` of {model.__name__}.")
    return Key(
        name=dotted,
        type=words or type_words(field),
        default=None if field.is_required() else _yaml(default),
        description=description,
    )


def _group(
    model: type[BaseModel], field_name: str, dotted: str, field: FieldInfo, inner: type[BaseModel], default: Any
) -> Group:
    summary, *paragraphs = _paragraphs(inner)
    description = _attribute(model, field_name) or field.description or summary
    if can_be_off(field) and "`off`" not in description:
        description += " May be `off`."
    if field.is_required():
        description += " Must be given."
    own = default if isinstance(default, inner) else None
    return read_group(inner, dotted, "\n\n".join([description, *paragraphs]), own)


def _default(field: FieldInfo) -> Any:
    return None if field.is_required() else field.get_default(call_default_factory=True, validated_data={})


def _attribute(model: type[BaseModel], name: str) -> str:
    """Returns what a class or the first of its bases says of an attribute, empty where none does."""
    for each in model.__mro__:
        text = inspect.cleandoc(each.__dict__.get("__doc__") or "")
        _, _, attributes = text.partition("\nAttributes:\n")
        found = re.search(rf"^    {name}: (.*(?:\n {{5,}}.*)*)", attributes, re.MULTILINE)
        if found:
            return " ".join(found[1].split())
    return ""


def _paragraphs(model: type[BaseModel]) -> list[str]:
    """Returns the paragraphs of a class's docstring before its sections, each as one line; one at least."""
    text = inspect.cleandoc(model.__dict__.get("__doc__") or "").partition("\nAttributes:\n")[0]
    return [" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n")]


def _yaml(value: Any) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    text = yaml.safe_dump(plain, default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def _part(group: Group, level: int) -> Iterator[str]:
    """Yields the lines of a group and of those below it."""
    yield f"{'#' * level} {group.name}\n"
    if group.description:
        yield "\n\n".join(textwrap.fill(line, _LINE_LENGTH) for line in group.description.split("\n\n")) + "\n"
    yield from _table(group.keys)
    for inner in group.groups:
        yield from _part(inner, level + 1)


def _shown(default: str | None) -> str:
    if default is None:
        return ""
    return "none" if default == "null" else f"`{default}`"


def _table(keys: tuple[Key, ...]) -> Iterator[str]:
    if not keys:
        return
    yield "| key | value | default | what it is |\n| --- | --- | --- | --- |"
    for key in keys:
        cells = (f"`{key.name}`", key.type, _shown(key.default), key.description)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""
