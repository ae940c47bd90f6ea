"""docs/configuration.md says of every key what the models say."""

import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from components.tables.bots.options import BotOptions
from components.tables.sources import Join, TableSource
from tfx_pipeline.config.config import Config
from tfx_pipeline.config.reference import Group, Key, configuration_page, read_group
from tfx_pipeline.config.type_words import type_words
from tfx_pipeline.gateway.options import ApiKey
from tfx_pipeline.shop.values import off_is_none
from trainer.classification.options import ReweightingOptions
from trainer.privacy.options import NetworkPrivacyOptions, PrivacyOptions
from trainer.writing.options import TextKindOptions

KIND = TextKindOptions(prompt="{title}", templates=("{title}",))
PAGE = Path(__file__).resolve().parents[3] / "docs" / "configuration.md"


def keys_of(group: Group) -> Iterator[Key]:
    yield from group.keys
    for inner in group.groups:
        yield from keys_of(inner)


def schema_keys(schema: dict[str, Any], definitions: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yields the dotted names of all values in a JSON schema: a second way to find the keys."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    parts = [part for part in schema.get("anyOf", ()) if "$ref" in part]
    lists = [part for part in (schema, *schema.get("anyOf", ())) if "$ref" in part.get("items", ())]
    if lists:
        yield prefix
        # All tables have the same keys, which stand there once.
        yield from schema_keys(lists[0]["items"], definitions, re.sub(r"^tables\.\w+$", "tables.TABLE", prefix))
    elif isinstance(named := schema.get("additionalProperties"), dict) and "$ref" in named:
        yield prefix
        yield from schema_keys(named, definitions, f"{prefix}.NAME")
    elif parts:
        yield from schema_keys(parts[0], definitions, prefix)
    elif "properties" in schema:
        for name, value in schema["properties"].items():
            yield from schema_keys(value, definitions, f"{prefix}.{name}" if prefix else name)
    else:
        yield prefix


def test_the_page_is_up_to_date() -> None:
    """`RENEW_GOLDEN=1` writes the page anew; the difference is then read and committed."""
    page = configuration_page(Config)
    if os.environ.get("RENEW_GOLDEN"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page, "renew docs/configuration.md with RENEW_GOLDEN=1"


def test_the_page_has_every_key_once() -> None:
    schema = Config.model_json_schema()
    found = re.findall(r"^\| `([\w.]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(found) == sorted(set(schema_keys(schema, schema["$defs"])))


def test_defaults_are_those_of_a_configuration_that_names_nothing() -> None:
    tables = {name: f"{name}.csv" for name in ("events", "products", "texts", "impressions", "answers")}
    schema = Config.model_json_schema()["$defs"]["Tasks"]["properties"]
    config = Config.model_validate({"tables": tables, "tasks": {task: {} for task in schema}})
    values = config.model_dump(mode="json")
    # The keys of one table out of all, and of one join out of many.
    values["tables"]["TABLE"] = TableSource(path="x").model_dump(mode="json")
    join = Join(path="x", on="y").model_dump(mode="json")
    api_key = ApiKey(name="x", sha256="0" * 64).model_dump(mode="json")
    # Left out, nothing is private, no group counts for more, and nobody is taken for a bot.
    for task in ("classification", "segmentation"):
        values["tasks"][task]["privacy"] = PrivacyOptions().model_dump(mode="json")
    for task in ("response", "recommendation"):
        values["tasks"][task]["privacy"] = NetworkPrivacyOptions().model_dump(mode="json")
    for task in ("classification", "segmentation"):
        values["tasks"][task]["reweighting"] = ReweightingOptions(column="x").model_dump(mode="json")
    values["bots"] = BotOptions().model_dump(mode="json")
    values["tasks"]["writing"]["kinds"] = {"NAME": KIND.model_dump(mode="json")}
    compared = 0
    for key in keys_of(read_group(Config)):
        value: Any = values
        for part in key.name.split("."):
            of_list = api_key if key.name.startswith("gateway.") else join
            value = (of_list if isinstance(value, list) else value)[part]
        given = re.fullmatch(
            r"tables\.(?!TABLE)\w+|.*\.(path|on|kinds|prompt|templates|column)|gateway\.keys\.(name|sha256)", key.name
        )
        assert given or key.default is not None, key.name
        if not given and key.default is not None:
            assert yaml.safe_load(key.default) == value, key.name
            compared += 1
    assert compared > 200


class Inner(BaseModel):
    """Inner keys.

    A word more.

    Attributes:
        size: How large it is,
            in metres.
        name: What it is called.
    """

    size: float = 1.0
    name: str = "a|b"


class Derived(Inner):
    """Inner keys with another default."""

    size: float = 2.0


class Outer(BaseModel):
    """Outer keys.

    Attributes:
        given: Whatever.
        changed: Where the default is an object of its own.
    """

    given: int
    changed: Inner = Inner(size=3.0)
    derived: Derived = Derived()
    maybe: Annotated[Inner | None, BeforeValidator(off_is_none)] = None


def test_defaults_and_descriptions_come_from_where_they_are_said() -> None:
    keys = {key.name: (key.default, key.description) for key in keys_of(read_group(Outer))}
    size, name = "How large it is, in metres.", "What it is called."
    assert keys == {
        "given": (None, "Whatever."),
        "changed.size": ("3.0", size),
        "changed.name": ("a|b", name),
        "derived.size": ("2.0", size),
        "derived.name": ("a|b", name),
        "maybe.size": ("1.0", size),
        "maybe.name": ("a|b", name),
    }


def test_a_page_is_tables_under_headings() -> None:
    page = configuration_page(Outer)
    assert "## changed\n\nWhere the default is an object of its own.\n\nA word more.\n\n| key |" in page
    assert "## derived\n\nInner keys with another default.\n" in page
    assert "## maybe\n\nInner keys. May be `off`.\n" in page
    assert "| `changed.name` | text | `a\\|b` | What it is called. |\n" in page
    assert "| `given` | whole number |  | Whatever. |\n" in page


def test_a_key_without_a_description_is_named() -> None:
    class Wordless(BaseModel):
        """No words.

        Attributes:
            other: Not this one.
        """

        inner: Inner = Inner()
        forgotten: int = 0

    with pytest.raises(LookupError, match=r"`a\.forgotten` has no description: add `forgotten` .* Wordless"):
        read_group(Wordless, "a")


def same(value: str) -> str:
    return value


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (str, "text"),
        (bool, "`true` or `false`"),
        (Annotated[int, Field(ge=4, le=512)], "whole number, from 4 to 512"),
        (Annotated[int, Field(ge=1)], "whole number, 1 or more"),
        (Annotated[float, Field(gt=0.0, lt=1.0)], "number, above 0 and under 1"),
        (Annotated[float, Field(ge=0.0, lt=1.5)], "number, 0 or more and under 1.5"),
        (Annotated[float, Field(le=1.0)], "number, at most 1"),
        (Annotated[int, Field(ge=1)] | None, "whole number, 1 or more"),
        (Annotated[str, Field(pattern="^a$")], "text that matches `^a$`"),
        (Literal["a"], "`a`"),
        (Literal["a", "b", "c"], "`a`, `b` or `c`"),
        (tuple[str, ...], "list of texts"),
        (tuple[Annotated[int, Field(ge=1)], ...], "list of whole numbers, 1 or more"),
        (Annotated[tuple[str, ...], Field(min_length=1)], "list of texts; at least 1"),
        (dict[str, Annotated[float, Field(ge=0.0)]], "names, each with a number, 0 or more"),
        (dict[str, dict[str, float]], "names, each with names, each with a number"),
        (dict[Annotated[str, AfterValidator(same)], float], "names, each with a number"),
        (int | float, "whole number, or number"),
        (datetime, "time, ISO 8601 or Unix seconds"),
        (str | Inner, "text, or the keys below"),
        (Annotated[int | None, BeforeValidator(off_is_none)], "`off`, or whole number"),
    ],
)
def test_types_are_said_in_words(annotation: Any, words: str) -> None:
    model = type("Model", (BaseModel,), {"__annotations__": {"field": annotation}})
    assert type_words(model.model_fields["field"]) == words


def test_a_type_without_words_is_named() -> None:
    class Model(BaseModel):
        field: bytes

    with pytest.raises(TypeError, match=r"no words for the type <class 'bytes'>"):
        type_words(Model.model_fields["field"])
