"""How a table is given: where its files lie, how they are written, and how their columns become those of the contract.

Plain models that the configuration can import without TFX.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainSerializer,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

from components.tables.form_checks import known_encoding, known_time_format, known_zone, one_sign
from trainer.options import Options

# The column that holds a source's name, where the configuration asks for it.
SOURCE = "source"


def table_path(path: str, folder: str) -> str:
    """Returns where a file lies: `path` itself if it is absolute or a URI, else taken from `folder`."""
    return path if "://" in path or not folder else os.path.join(folder, path)


def _several(value: Any) -> Any:
    """Returns one thing as a sequence of one."""
    return value if isinstance(value, list | tuple) else [value]


class FileForm(Options):
    """Where files lie and how they are written.

    Attributes:
        path: A file, a folder or a glob, of this machine or of any filesystem that Beam reads; a relative one is taken
            from the configuration's folder. A folder stands for its files and for those in folders `KEY=VALUE` below
            it, whose keys are columns.
        separator: What stands between the fields of CSV; found from the first line where it is left out.
        encoding: How text is encoded, such as `gb18030` or `windows-1252`; UTF-8 where it is left out, and what a byte
            order mark says where there is one.
        names: Names of the columns of CSV without a line that names them; the first line is a row then.
    """

    path: str
    separator: Annotated[str, AfterValidator(one_sign)] | None = None
    encoding: Annotated[str, AfterValidator(known_encoding)] | None = None
    names: tuple[str, ...] = ()

    def at(self, folder: str) -> Self:
        """Returns the same with relative paths taken from a folder or a URI."""
        return self.model_copy(update={"path": table_path(self.path, folder)})


def _key_columns(value: Any) -> Any:
    """Takes the columns that rows are joined by.

    Raises:
        ValueError: They are no names, or there is none.
    """
    names = [*value, *value.values()] if isinstance(value, Mapping) else _several(value)
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"expected the name of a column, a list of names, or `theirs: other`, got {value!r}")
    return value


class Join(FileForm):
    """A second file whose columns belong to the rows of the first.

    Attributes:
        on: The column, or columns, that both files have and that say which rows belong together; `theirs: other` where
            the second file calls it otherwise. The second file has each value once, or says the same each time.
        columns: Columns that are taken over, in the place of those of the same name too; all that the first file lacks
            where it is left out.
    """

    on: Annotated[str | tuple[str, ...] | dict[str, str], BeforeValidator(_key_columns)]
    columns: tuple[str, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _on_is_a_word(cls, value: Any) -> Any:
        """Puts `on` back, which YAML 1.1 reads as true."""
        if not isinstance(value, Mapping):
            return value
        return {"on" if key is True else key: each for key, each in value.items()}

    def keys(self) -> dict[str, str]:
        """Returns the name of each key column in the first file, with its name in the second."""
        if isinstance(self.on, str):
            return {self.on: self.on}
        return dict(self.on) if isinstance(self.on, Mapping) else {name: name for name in self.on}


class TimeForm(Options):
    """How times are written.

    Attributes:
        format: As in Python's strptime, such as `%d.%m.%Y %H:%M`, or one of `unix_seconds`, `unix_milliseconds`,
            `unix_microseconds` and `excel` (days since 1899-12-30). Where it is left out, Unix seconds and ISO 8601
            are read.
        zone: Time zone of times that name none, such as `Europe/Berlin`; the shop's `time_zone` where it is left out.
    """

    format: Annotated[str, AfterValidator(known_time_format)] | None = None
    zone: Annotated[str, AfterValidator(known_zone)] | None = None


def _text(value: Any) -> Any:
    """Takes a number for the text that it is written as.

    Raises:
        ValueError: YAML has made something else of a text such as NULL or NO.
    """
    if value is None or isinstance(value, bool):
        raise ValueError(f'YAML reads this as {str(value).lower()}; write it in quotes, such as "NULL" or "NO"')
    return str(value) if isinstance(value, int | float) else value


def _with_whole_numbers(values: Any) -> Any:
    """Adds to each 3.0 the 3 that columns of numbers are compared as, and that files may hold as well."""
    if not isinstance(values, list | tuple):
        return values
    whole = [str(int(value)) for value in values if isinstance(value, float) and value.is_integer()]
    return [*values, *whole]


_Values = Annotated[
    tuple[Annotated[str, BeforeValidator(_text)], ...],
    BeforeValidator(_with_whole_numbers),
    BeforeValidator(_several),
]


class TableSource(FileForm):
    """Files of one kind that hold a table, or a part of it.

    Attributes:
        columns: Names of columns in the files, by the name that Shelfwise knows each by; a column that has the right
            name already need not be named. Dots lead into objects, such as `user.id`, and `""` takes none for a column
            although the files have one of its name.
        constants: Values of columns that the files lack, the same for each row.
        time: How times are written.
        decimal: The sign before the fraction of a number.
        join: Files whose columns belong to these rows, joined one after the other.
        fill_down: Columns, by their names in the files, whose value stands in the first row of a group alone. A row
            begins a group if one of them has another value there; the number of the order should be among them.
        explode: A column, by its name in the files, with a list of items in each row; each item becomes a row, with the
            keys of the item as columns `COLUMN.KEY`.
        leave_out: Rows that are left out: values by column, by its name in the files; `""` for rows without a value.
        keep: Rows that alone are kept: values by column, by its name in the files; `""` for rows without a value. A row
            needs one of the values in each of the columns.
        missing: Values that stand for none, such as `NULL`, by column, by its name in the files.
        guests: `refused` takes an event without a user for a bad row; `baskets` takes events without a user that share
            a `basket_id` for a basket of nobody, which counts for what is bought together and for what is popular.
        repeats: What further rows of an id are, in a table whose ids are unique: `refused` takes them for bad rows;
            `merged` is for files that name a product in each row, such as lines of orders: of the rows of an id one
            counts, that with the most frequent title and a price above 0, and the others are no fault.
        source: Name of this part of the table, such as `web` or `till`; kept as the column `source` if `features` names
            that.
        same_ids: Files that say which ids mean one thing, by the name that Shelfwise knows the column by; a file has
            the columns `from` and `to`, and a worker holds it.
    """

    columns: dict[str, str] = {}
    constants: dict[str, str | int | float | bool] = {}
    time: TimeForm = TimeForm()
    decimal: Literal[".", ","] = "."
    join: Annotated[tuple[Join, ...], BeforeValidator(_several)] = ()
    fill_down: tuple[str, ...] = ()
    explode: str | None = None
    leave_out: dict[str, _Values] = {}
    keep: dict[str, _Values] = {}
    missing: dict[str, _Values] = {}
    guests: Literal["refused", "baskets"] = "refused"
    repeats: Literal["refused", "merged"] = "refused"
    source: str = ""
    same_ids: dict[str, str] = {}

    @field_validator("constants")
    @classmethod
    def _names_a_column_once(cls, constants: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        for name in constants:
            if name in info.data.get("columns", {}):
                raise ValueError(f"`columns` names `{name}` as well; a column is either read or the same in each row")
        return constants

    def forms(self) -> tuple[FileForm, ...]:
        """Returns all that is read: the table's own files, those joined to it, and those of ids."""
        return (self, *self.join, *(FileForm(path=path) for path in self.same_ids.values()))

    def paths(self) -> tuple[str, ...]:
        """Returns the paths of all that is read."""
        return tuple(form.path for form in self.forms())

    def in_zone(self, zone: str) -> Self:
        """Returns the same with a time zone for times that name none, where the source has none of its own."""
        return self.model_copy(update={"time": self.time.model_copy(update={"zone": self.time.zone or zone})})

    def at(self, folder: str) -> Self:
        """Returns the same with relative paths taken from a folder or a URI."""
        return self.model_copy(
            update={
                "path": table_path(self.path, folder),
                "join": tuple(join.at(folder) for join in self.join),
                "same_ids": {column: table_path(path, folder) for column, path in self.same_ids.items()},
            }
        )


def _sources(value: Any) -> Any:
    """Takes a path for a source, and one source for a list of one.

    Raises:
        ValueError: There is none, or it is neither a path nor a mapping.
    """
    parts = _several(value)
    if not parts or not all(isinstance(part, str | Mapping | TableSource) for part in parts):
        raise ValueError(f"expected a path, a source (`path: …`), or a list of these, got {value!r}")
    return [{"path": part} if isinstance(part, str) else part for part in parts]


def _as_written(sources: Sequence[TableSource]) -> Any:
    """Returns sources as short as they can be written."""
    parts = [source.model_dump(mode="json", exclude_defaults=True) for source in sources]
    short = [part["path"] if set(part) == {"path"} else part for part in parts]
    return short[0] if len(short) == 1 else short


TableSources = Annotated[tuple[TableSource, ...], BeforeValidator(_sources), PlainSerializer(_as_written)]
"""A path, one source, or several; written as short as can be."""

_ADAPTER: TypeAdapter[tuple[TableSource, ...]] = TypeAdapter(TableSources)


def sources_from_json(text: str) -> tuple[TableSource, ...]:
    """Returns the sources of `sources_to_json`."""
    return _ADAPTER.validate_json(text)


def sources_to_json(sources: Sequence[TableSource]) -> str:
    """Returns sources as a parameter of a node holds them."""
    return _ADAPTER.dump_json(tuple(sources)).decode()
