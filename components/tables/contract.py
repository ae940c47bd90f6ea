"""The contract of each table as data: its columns, what they hold, and which of them a row must have."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, ConfigDict

from components.tables.bots.options import BotOptions

USER_ID, BASKET_ID = "user_id", "basket_id"

Kind = Literal["string", "category", "float", "integer", "boolean", "timestamp", "vector", "picture"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    Attributes:
        name: The column's name in the user's file and in the examples.
        kind: What its values are; `category` is a string that names one of a few things, `timestamp` Unix seconds or
            ISO 8601, `vector` a list of floats, `picture` where a picture lies (its path, a URI, or its bytes).
        required: Whether each row must have a value (and each table the column).
        minimum: Smallest value that is allowed, or None.
        maximum: Largest value that is allowed, or None.
        stripped: Whether a string loses what nobody sees at its ends, so that a blank one is missing.
        kept: Whether the examples have it; what is not kept is read for the sake of another column.
        markup: Whether a string may hold HTML, which is cut unless the configuration keeps it.
        planned: Whether a time may lie in the future.
    """

    name: str
    kind: Kind
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    stripped: bool = False
    kept: bool = True
    markup: bool = False
    planned: bool = False


@dataclass(frozen=True, kw_only=True)
class TableContract:
    """What a table must hold.

    Attributes:
        name: The table's name.
        columns: Its columns, required ones first.
        one_of: Columns of which the table must have at least one. A row needs a value in the first one
            that its table has, so a table with both `timestamp` and `position` is ordered by timestamp.
        unique: The column whose first row counts, later ones being duplicates; None where rows may repeat.
        repeating: A column by which a later row is no duplicate where it says the same as the first one.
        returns: Whether a row may give back what an earlier one bought; see `components/tables/returns/`.
    """

    name: str
    columns: tuple[Column, ...]
    one_of: tuple[str, ...] = ()
    unique: str | None = None
    repeating: str | None = None
    returns: bool = False

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all columns that the examples have, in the contract's order."""
        return tuple(column.name for column in self.columns if column.kept)

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Names of those that hold strings."""
        return tuple(column.name for column in self.columns if column.kept and column.kind == "string")


def _required(kind: Kind, *names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, kind=kind, required=True) for name in names)


def _optional(kind: Kind, *names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, kind=kind) for name in names)


def _texts(*names: str, required: bool = False) -> tuple[Column, ...]:
    return tuple(Column(name=name, kind="string", required=required, markup=True) for name in names)


def _not_negative(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, kind="float", minimum=0.0) for name in names)


_LEAST_PROPENSITY = 1e-6

TABLES: dict[str, TableContract] = {
    contract.name: contract
    for contract in (
        TableContract(
            name="products",
            columns=(
                *_required("string", "product_id"),
                *_texts("title", required=True),
                *_optional("string", "sku", "seller"),
                *_texts("description", "brand", "category", "review_phrases"),
                *_not_negative("price"),
                *_optional("float", "rating"),
                *_optional("boolean", "in_stock", "recommendable"),
                *_optional("vector", "image_embedding"),
            ),
            unique="product_id",
        ),
        TableContract(
            name="events",
            columns=(
                *_required("string", "user_id", "product_id"),
                Column(name="event_type", kind="string", required=True, stripped=True),
                *_optional("timestamp", "timestamp"),
                *_optional("integer", "position"),
                *_optional("string", "basket_id", "store_id"),
                *_not_negative("quantity", "price", "dwell_seconds"),
                *_optional("string", "query"),
                # A rating.
                Column(name="value", kind="float", minimum=1.0, maximum=5.0),
                # Money of the whole row; the price of one piece comes of it.
                Column(name="amount", kind="float", minimum=0.0, kept=False),
            ),
            one_of=("timestamp", "position"),
            returns=True,
        ),
        TableContract(
            name="judgements",
            columns=(
                *_required("string", "query", "product_id"),
                Column(name="relevance", kind="float", required=True, minimum=0.0, maximum=1.0),
            ),
        ),
        TableContract(
            name="texts",
            columns=(
                *_texts("text", required=True),
                Column(name="label", kind="category", required=True, stripped=True),
                *_optional("string", "product_id"),
                *_optional("timestamp", "timestamp"),
                *_optional("float", "rating"),
            ),
        ),
        TableContract(
            name="unlabelled_texts",
            columns=(*_texts("text", required=True), *_optional("string", "product_id")),
        ),
        TableContract(
            name="users",
            columns=(*_required("string", "user_id"), Column(name="segment", kind="category", stripped=True)),
            unique="user_id",
        ),
        TableContract(
            name="impressions",
            columns=(
                *_required("timestamp", "shown_at"),
                *_optional("string", "user_id", "offer_id", "product_id", "query"),
                *_optional("category", "campaign_id", "placement", "treatment"),
                Column(name="position", kind="float", minimum=0.0),
                # What was shown with no chance at all tells nothing of what showing it does.
                Column(name="propensity", kind="float", minimum=_LEAST_PROPENSITY, maximum=1.0),
                *_optional("timestamp", "responded_at"),
            ),
            one_of=("offer_id", "product_id"),
        ),
        TableContract(
            name="offers",
            columns=(
                *_required("string", "offer_id"),
                *_texts("text", required=True),
                *_optional("string", "products"),
                *_not_negative("discount"),
                Column(name="start", kind="timestamp", planned=True),
                Column(name="end", kind="timestamp", planned=True),
            ),
            unique="offer_id",
        ),
        TableContract(
            name="promotions",
            columns=(
                *_required("string", "product_id"),
                Column(name="start", kind="timestamp", required=True, planned=True),
                Column(name="end", kind="timestamp", required=True, planned=True),
                Column(name="placement", kind="category", stripped=True),
                # Of the price, and of the stores that take part.
                Column(name="discount", kind="float", minimum=0.0, maximum=1.0),
                Column(name="share", kind="float", minimum=0.0, maximum=1.0),
                *_optional("string", "store_id"),
            ),
        ),
        TableContract(
            name="stock",
            columns=(
                *_required("string", "product_id"),
                *_optional("timestamp", "date"),
                *_optional("string", "store_id"),
                *_optional("boolean", "in_stock"),
                *_not_negative("on_hand", "lead_time_days", "pack_size", "unit_cost"),
            ),
        ),
        TableContract(
            name="answers",
            columns=(
                *_required("string", "answer_id"),
                *_texts("text", required=True),
                *_texts("question"),
                Column(name="intent", kind="category", stripped=True),
                *_optional("string", "product_id", "category"),
            ),
            unique="answer_id",
            # A row for each question that an answer has.
            repeating="text",
        ),
        TableContract(name="synonyms", columns=_texts("term", "same_as", required=True)),
        TableContract(
            name="relations",
            columns=(
                *_required("string", "product_id", "related_id"),
                Column(name="kind", kind="category", required=True, stripped=True),
            ),
        ),
        TableContract(
            name="pins",
            columns=(
                *_required("string", "product_id"),
                *_optional("string", "query", "category"),
                Column(name="place", kind="integer", minimum=1.0),
                *_optional("boolean", "banned"),
                Column(name="start", kind="timestamp", planned=True),
                Column(name="end", kind="timestamp", planned=True),
            ),
        ),
        TableContract(
            name="dialogues",
            columns=(
                *_required("string", "dialogue_id"),
                Column(name="turn", kind="integer", required=True),
                Column(name="speaker", kind="category", required=True, stripped=True),
                *_texts("text", required=True),
            ),
        ),
    )
}


class TableOptions(BaseModel):
    """What the configuration says about reading one table.

    Attributes:
        numeric_columns: Extra columns to keep as float features.
        categorical_columns: Extra columns to keep as string features (attributes of users too).
        picture_columns: Extra columns that say where pictures lie.
        outcome_columns: Columns of impressions that say whether something came of it; each row must have a value.
        event_types: Names that `event_type` may have; empty means any name.
        bought_event_types: Those of them that are purchases, which a return cancels.
        keep_markup: Whether texts keep their HTML.
        bots: Of events, whose are left out since no person acts like that; None leaves nobody's out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    numeric_columns: tuple[str, ...] = ()
    categorical_columns: tuple[str, ...] = ()
    picture_columns: tuple[str, ...] = ()
    outcome_columns: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    bought_event_types: tuple[str, ...] = ("purchase",)
    keep_markup: bool = False
    bots: BotOptions | None = None


def columns_to_read(contract: TableContract, options: TableOptions) -> tuple[Column, ...]:
    """Lists the contract's columns and then the extra ones that the configuration names.

    Args:
        contract: The table's contract.
        options: Names the extra columns; one that the contract has already is not repeated.

    Returns:
        The columns, in the order in which the examples hold those that are kept.
    """
    columns = {column.name: column for column in contract.columns}
    for name in options.numeric_columns:
        column = columns.get(name, Column(name=name, kind="float"))
        if not column.kept:
            del columns[name]
        columns.setdefault(name, replace(column, kept=True))
    for name in options.categorical_columns:
        columns.setdefault(name, Column(name=name, kind="category"))
    for name in options.picture_columns:
        columns.setdefault(name, Column(name=name, kind="picture"))
    for name in options.outcome_columns:
        columns.setdefault(name, Column(name=name, kind="boolean", required=True))
    return tuple(columns.values())


def describe_missing_columns(
    contract: TableContract, options: TableOptions, found: Iterable[str], *, guests: bool = False
) -> str | None:
    """Says which columns a file lacks.

    Args:
        contract: The table's contract.
        options: Names the extra columns, which must be there as well.
        found: The file's columns.
        guests: Whether a row with a basket_id may lack a user, so that a file may lack the column.

    Returns:
        A phrase such as "column `title`", or None if nothing is missing.
    """
    present = set(found)
    if guests and BASKET_ID in present:
        present.add(USER_ID)
    missing = [f"`{column.name}`" for column in contract.columns if column.required and column.name not in present]
    extra = (
        *options.numeric_columns,
        *options.categorical_columns,
        *options.picture_columns,
        *options.outcome_columns,
    )
    missing += [f"`{name}` (which the configuration asks for)" for name in extra if name not in present]
    if contract.one_of and not present.intersection(contract.one_of):
        missing.append(" or ".join(f"`{name}`" for name in contract.one_of))
    if not missing:
        return None
    return ("column " if len(missing) == 1 else "columns ") + ", ".join(missing)
