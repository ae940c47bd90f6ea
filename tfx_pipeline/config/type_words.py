"""What a value of the configuration should be, in plain words, from a field's annotation and its constraints."""

import types
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo

# One value, and several.
_WORDS: dict[Any, tuple[str, str]] = {
    str: ("text", "texts"),
    bool: ("`true` or `false`", "`true` or `false`"),
    int: ("whole number", "whole numbers"),
    float: ("number", "numbers"),
    datetime: ("time, ISO 8601 or Unix seconds", "times, ISO 8601 or Unix seconds"),
}


def type_words(field: FieldInfo) -> str:
    """Returns what a field's value should be, such as `whole number, 1 or more`.

    Raises:
        TypeError: There are no words for the type yet.
    """
    words = _words(field.annotation, field.metadata)
    return f"`off`, or {words}" if can_be_off(field) else words


def can_be_off(field: FieldInfo) -> bool:
    """Tells whether YAML's `off` is a value of the field that is read as none."""
    if type(None) not in get_args(field.annotation) or not field.metadata:
        return False
    definition: Any = (field.annotation, field)
    alone = create_model("Alone", value=definition)
    try:
        return alone.model_validate({"value": False}).model_dump()["value"] is None
    except ValueError:
        return False


def model_of(annotation: Any) -> type[BaseModel] | None:
    """Returns the model that holds the keys below a field, None for a field that is a value itself."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Annotated, Union, types.UnionType):
        return next((model for part in get_args(annotation) if (model := model_of(part))), None)
    return None


def elements_of(annotation: Any) -> type[BaseModel] | None:
    """Returns the model of which a field holds several, None for a field that does not."""
    if get_origin(annotation) is tuple:
        return model_of(get_args(annotation)[0])
    if get_origin(annotation) is dict:
        return model_of(get_args(annotation)[1])
    if get_origin(annotation) in (Annotated, Union, types.UnionType):
        return next((model for part in get_args(annotation) if (model := elements_of(part))), None)
    return None


def elements_words(field: FieldInfo, where: str) -> str:
    """Returns what the value of a field should be that holds several of a model.

    Args:
        field: The field.
        where: The dotted name that the keys of one are found at.
    """
    one = f"the keys of `{where}`"
    if get_origin(field.annotation) is dict:
        return f"names, each with {one}"
    return f"path, or {one}, or a list of these" if _accepts(field, "path") else f"{one}, or a list of these"


def _accepts(field: FieldInfo, value: Any) -> bool:
    definition: Any = (field.annotation, field)
    alone = create_model("Alone", value=definition)
    try:
        alone.model_validate({"value": value})
    except ValueError:
        return False
    return True


def _words(annotation: Any, metadata: Iterable[Any] = (), *, several: bool = False) -> str:
    constraints = list(_constraints(metadata))
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(parts[0], [*constraints, *parts[1:]], several=several)
    if origin in (Union, types.UnionType):
        given = [_words(part, constraints, several=several) for part in parts if part is not type(None)]
        return ", or ".join(given)
    if origin is Literal:
        return _either([f"`{value}`" for value in parts])
    if origin is tuple:
        return f"list of {_words(parts[0], several=True)}{_length(constraints)}"
    if origin is dict:
        value = _words(parts[1])
        article = "" if value.startswith(("names", "list", "`")) else "a "
        return f"names, each with {article}{value}{_length(constraints)}"
    if model_of(annotation):
        return "the keys below"
    if annotation not in _WORDS:
        raise TypeError(f"There are no words for the type {annotation}; add them to tfx_pipeline/config/type_words.py.")
    pattern = next((found for each in constraints if (found := getattr(each, "pattern", None))), None)
    limits = f" that matches `{pattern}`" if pattern else _range(constraints)
    return _WORDS[annotation][several] + limits


def _constraints(metadata: Iterable[Any]) -> Iterator[Any]:
    for each in metadata:
        yield from _constraints(each.metadata) if isinstance(each, FieldInfo) else (each,)


def _range(constraints: Iterable[Any]) -> str:
    """Returns the bounds of a number as `, from 0 to 1`."""
    low = high = ""
    closed = 0
    for each in constraints:
        if isinstance(each, annotated_types.Ge):
            low, closed = _plain(each.ge), closed + 1
        elif isinstance(each, annotated_types.Gt):
            low = f"above {_plain(each.gt)}"
        elif isinstance(each, annotated_types.Le):
            high, closed = _plain(each.le), closed + 1
        elif isinstance(each, annotated_types.Lt):
            high = f"under {_plain(each.lt)}"
    if low and high and closed == 2:
        return f", from {low} to {high}"
    bounds = [low if low.startswith("above") else low and f"{low} or more"]
    bounds += [high if high.startswith("under") else high and f"at most {high}"]
    given = [bound for bound in bounds if bound]
    return f", {' and '.join(given)}" if given else ""


def _plain(number: Any) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _length(constraints: Iterable[Any]) -> str:
    least = next((each.min_length for each in constraints if isinstance(each, annotated_types.MinLen)), 0)
    return f"; at least {least}" if least else ""


def _either(values: list[str]) -> str:
    return " or ".join(([", ".join(values[:-1])] if values[1:] else []) + values[-1:])
