"""Guesses the tables of files that are no known export, by the names of their columns and by their values."""

import itertools
from collections.abc import Collection, Sequence

from components.tables.contract import TABLES
from tfx_pipeline.init.column_names import (
    are_later_times,
    is_answer_name,
    may_be_event_times,
    name_rank,
    plain_name,
)
from tfx_pipeline.init.known_columns import Joined, KnownColumns, best_join
from tfx_pipeline.init.matching import best_ids
from tfx_pipeline.init.proposal import ProposedSource
from tfx_pipeline.init.questions import Asker
from tfx_pipeline.init.sample import Sample
from tfx_pipeline.init.source_guess import guess_source
from tfx_pipeline.init.values.numbers import is_number
from tfx_pipeline.init.values.order_states import is_order_state, undone_orders
from tfx_pipeline.init.values.outcomes import outcome_names
from tfx_pipeline.init.values.times import guess_time

_TABLE_WORDS = {
    "events": "what users did with products: each row has a user and a product",
    "products": "the catalogue: each row has a product and its title",
    "users": "users and their attributes",
    "impressions": "what was shown to whom, and what came of it: an offer or a product, a time, and yes or no",
    "offers": "what may be shown: each row has an offer and its text",
    "judgements": "how relevant products are to queries",
    "texts": "texts with labels",
    "unlabelled_texts": "texts without labels",
    "answers": "what the shop answers: each row has an answer_id and a text",
    "synonyms": "other words for what is sold: each row has a term and a same_as",
    "relations": "what products are to others: each row has a product_id, a related_id and a kind",
    "pins": "products with a place of their own: each row has a product_id and a place, or banned",
    "dialogues": "talks with customers: each row has a dialogue_id, a turn, a speaker and a text",
    "promotions": "what is promoted: each row has a product, a start and an end",
    "stock": "what is in stock: each row has a product and what is on hand, its lead time or its pack size",
}
# Columns of which a table of stock has at least one, and a catalogue none that it needs.
_STOCK = frozenset({"on_hand", "lead_time_days", "pack_size"})
# A text is worth a classifier, and a label is one of a few.
_TEXT_CHARACTERS = 15
_MOST_LABELS = 100


def guess_sources(
    samples: Sequence[Sample], asker: Asker, tables: Collection[str] = tuple(TABLES)
) -> tuple[list[ProposedSource], list[Sample]]:
    """Returns the sources that files make, and the files that make none.

    Args:
        samples: The files.
        asker: Settles what names and values do not tell.
        tables: The tables that are looked for.
    """
    names = {id(sample): _columns_of(sample) for sample in samples}
    _settle_ids(samples, names)
    sources: list[ProposedSource] = []
    used: set[int] = set()
    named_in_events: list[Sample] = []
    for sample in samples:
        table = _table(sample, names[id(sample)])
        if table not in tables or table is None:
            continue
        sources.append(_source(table, sample, names[id(sample)], (), asker))
        used.add(id(sample))
        if table == "events" and "title" in names[id(sample)]:
            named_in_events.append(sample)
    if "events" in tables and not any(source.table == "events" for source in sources):
        for lines in samples:
            orders = _orders_of(lines, samples, names) if id(lines) not in used else None
            if orders is not None:
                both = _columns_of(lines, orders.sample) | {"product_id": names[id(lines)]["product_id"]}
                sources.append(_source("events", lines, both, (orders,), asker))
                used |= {id(lines), id(orders.sample)}
                if "title" in names[id(lines)]:
                    named_in_events.append(lines)
    if "products" in tables and not any(source.table == "products" for source in sources):
        sources += [_source("products", sample, names[id(sample)], (), asker) for sample in named_in_events]
    return sources, [sample for sample in samples if id(sample) not in used]


def _settle_ids(samples: Sequence[Sample], names: dict[int, dict[str, list[str]]]) -> None:
    """Keeps, of several columns that may be a product's id, those by which events find their product."""
    found: dict[str, list[Sample]] = {"events": [], "products": []}
    for sample in samples:
        columns = names[id(sample)]
        table = _table(sample, columns)
        lines = table is None and {"product_id", "basket_id"} <= columns.keys()
        if lines or table in found:
            found["events" if lines else str(table)].append(sample)
    choices = [[(sample, names[id(sample)]["product_id"]) for sample in each] for each in found.values()]
    best = best_ids(*choices) if any(len(columns) > 1 for each in choices for _, columns in each) else None
    for samples_of_table, name in zip(found.values(), best or (), strict=False):
        for sample in samples_of_table:
            if name in names[id(sample)]["product_id"]:
                names[id(sample)]["product_id"] = [name]


def table_of(sample: Sample) -> str | None:
    """Returns the table that a file is by the names of its columns and its values, if it is any."""
    return _table(sample, _columns_of(sample))


def describe_tables() -> str:
    """Says what init looks for."""
    return "; ".join(f"{table} ({words})" for table, words in _TABLE_WORDS.items())


def _columns_of(*samples: Sample) -> dict[str, list[str]]:
    """Returns the names in files that fit each column of the contract, the best first; a name is used once a table."""
    every = {column.name for contract in TABLES.values() for column in contract.columns}
    found: dict[str, list[str]] = {}
    for column in every:
        ranked = sorted(
            (rank, name)
            for sample in samples
            for name in sample.names
            if not sample.is_listed(name) and (rank := name_rank(column, name)) is not None
        )
        if ranked:
            found[column] = list(dict.fromkeys(name for _, name in ranked))
    if "timestamp" not in found:
        times = [name for sample in samples for name in sample.rows.column_names if _holds_times(sample, name)]
        if times:
            found["timestamp"] = sorted(times, key=are_later_times)
    if len(samples) == 1:
        _leave_out_names_of_users(found, samples[0])
        _add_own_ids(found, samples[0])
    return found


def _add_own_ids(found: dict[str, list[str]], sample: Sample) -> None:
    """Takes a column called `id` for that of the product or of the order that each row of a file is."""
    has = found.keys()
    for name in sample.names:
        if plain_name(name) != "id" or not _is_key(sample, name):
            continue
        if {"title", "price"} <= has and not {"user_id", "basket_id"} & has:
            found.setdefault("product_id", []).append(name)
        elif {"user_id", "timestamp"} <= has and "product_id" not in has and not _is_key(sample, found["user_id"][0]):
            found.setdefault("basket_id", []).append(name)


def _leave_out_names_of_users(found: dict[str, list[str]], sample: Sample) -> None:
    """Takes no column for titles that belongs to the user of a row rather than to its product, such as a name."""
    if not {"user_id", "product_id", "title"} <= found.keys():
        return
    user, product = found["user_id"][0], found["product_id"][0]
    # A product has few titles among its many buyers; a user has one name whatever is bought.
    buyers = sample.each_has(product, user)
    titles = [
        name
        for name in found["title"]
        if (of_product := sample.each_has(product, name)) < sample.each_has(user, name) or 2 * of_product <= buyers
    ]
    if titles:
        found["title"] = titles
    else:
        del found["title"]


def _holds_times(sample: Sample, name: str) -> bool:
    if sample.is_listed(name) or not may_be_event_times(name):
        return False
    values = sample.values(name)
    # A number may be a moment by chance; a date in letters is none.
    return bool(values) and not is_number(values[0]) and guess_time(values) is not None


def _table(sample: Sample, columns: dict[str, list[str]]) -> str | None:
    """Returns the table that a file is, by the columns that it has."""
    has = columns.keys()
    if {"offer_id", "product_id"} & has and "event_type" not in has and outcome_names(sample):
        return "impressions" if {"shown_at", "timestamp"} & has else None
    if (
        "offer_id" in has
        and _says(columns)
        and not {"user_id", "basket_id"} & has
        and _is_key(sample, columns["offer_id"][0])
    ):
        return "offers"
    if {"query", "product_id", "relevance"} <= has:
        return "judgements"
    if {"user_id", "product_id"} <= has and {"timestamp", "position"} & has:
        return "events"
    if "answer_id" in has and ("text" in has or any(map(is_answer_name, sample.names))):
        return "answers"
    if {"dialogue_id", "turn", "speaker", "text"} <= has:
        return "dialogues"
    if {"product_id", "start", "end"} <= has and not {"user_id", "title"} & has:
        return "promotions"
    if {"text", "label"} <= has and _is_text(sample, columns["text"][0]) and _is_label(sample, columns["label"][0]):
        return "texts"
    # What has each product once is a catalogue, though a column of it may be called `order` or `type`.
    once = not {"basket_id", "event_type"} & has or ("product_id" in has and _is_key(sample, columns["product_id"][0]))
    if {"product_id", "title"} <= has and "user_id" not in has and once:
        return "products"
    if "product_id" in has and _STOCK & has and not {"user_id", "title", "basket_id"} & has:
        return "stock"
    if "user_id" in has and "product_id" not in has and _is_key(sample, columns["user_id"][0]):
        return "users"
    return None


def _orders_of(lines: Sample, samples: Sequence[Sample], names: dict[int, dict[str, list[str]]]) -> Joined | None:
    """Returns the file with the orders that the lines of another belong to: one that says who bought, and when."""
    mine = names[id(lines)]
    if "product_id" not in mine or "basket_id" not in mine:
        return None
    found = []
    for other in samples:
        theirs = names[id(other)]
        if other is lines or "basket_id" not in theirs or "user_id" not in theirs or "product_id" in theirs:
            continue
        for ours, key in itertools.product(mine["basket_id"], theirs["basket_id"]):
            if not _is_key(other, key):
                continue
            lacking = sorted(other.names - lines.names)
            known = {name for column in TABLES["events"].columns for name in theirs.get(column.name, ())}
            known |= set(filter(is_order_state, lacking))
            wanted = [name for name in lacking if name in known and name != key]
            found.append(Joined(sample=other, on=ours if ours == key else {ours: key}, columns=wanted))
    return best_join(found, lines) if found else None


def _source(
    table: str, sample: Sample, columns: dict[str, list[str]], joins: Sequence[Joined], asker: Asker
) -> ProposedSource:
    options: dict[str, object] = {}
    taken: dict[str, list[str]] = {}
    used: set[str] = set()
    if table == "answers":
        # What is called an answer is one, though another column may be a text too.
        named = sorted(filter(is_answer_name, sample.names))
        columns = {**columns, "text": [*named, *(name for name in columns.get("text", []) if name not in named)]}
    if table == "impressions" and "shown_at" not in columns:
        columns = columns | {"shown_at": columns["timestamp"]}
    if table == "offers":
        columns = columns | {"text": _says(columns)}
    for column in TABLES[table].columns:
        free = [name for name in columns.get(column.name, []) if name not in used]
        if free:
            taken[column.name] = free
            used.add(free[0])
        elif column.kind != "vector":
            _note_lists(column.name, sample, asker)
    if table == "events":
        _note_times(taken.get("timestamp", []), sample, asker)
        options["guests"] = "baskets"
        if "event_type" not in taken:
            options["constants"] = {"event_type": _what_users_did(sample, taken.keys(), asker)}
            quantity = next(iter(taken.get("quantity", [])), None)
            undone = undone_orders([sample, *(join.sample for join in joins)], quantity)
            if undone:
                options["leave_out"] = undone
                shown = "; ".join(f"`{name}`: {', '.join(values)}" for name, values in undone.items())
                asker.note(f"{sample.label}: rows of orders that came to nothing are left out ({shown}).")
    if table == "products" and "user_id" in columns:
        options["repeats"] = "merged"
    return guess_source(KnownColumns(table=table, columns=taken, joins=joins, options=options), sample, asker)


def _note_lists(column: str, sample: Sample, asker: Asker) -> None:
    """Says which columns would be one of the contract's, but hold lists."""
    for name in sample.rows.column_names:
        if name_rank(column, name) is not None and sample.is_listed(name):
            asker.note(f"{sample.label}: `{name}` is not used: it holds lists.")


def _note_times(names: Sequence[str], sample: Sample, asker: Asker) -> None:
    """Says which column was taken for the times of events, where no name of one says so."""
    if names and name_rank("timestamp", names[0]) is None and (len(names) > 1 or are_later_times(names[0])):
        others = ", ".join(f"`{name}`" for name in names[1:])
        rather = f"; {others} would be possible too" if others else ""
        asker.note(f"{sample.label}: the times of events are taken from `{names[0]}`{rather}.")


def _what_users_did(sample: Sample, columns: Collection[str], asker: Asker) -> str:
    """Returns the event type of a table that has no column for it: what has orders or prices was bought."""
    if "basket_id" in columns:
        return "purchase"
    kinds = ["purchase", "view"] if {"price", "quantity", "amount"} & set(columns) else ["view", "purchase"]
    question = f"{sample.label}: no column says what users did. What is a row?"
    return kinds[asker.choose(question, [f"a `{kind}`" for kind in kinds])]


def _says(columns: dict[str, list[str]]) -> list[str]:
    """Returns the columns that may hold what an offer says."""
    return list(dict.fromkeys(name for column in ("text", "title", "description") for name in columns.get(column, ())))


def _is_key(sample: Sample, name: str) -> bool:
    return sample.rows.num_rows > 0 and sample.different(name) >= 0.99 * sample.rows.num_rows


def _is_text(sample: Sample, name: str) -> bool:
    values = sample.values(name)
    return bool(values) and sum(len(str(value)) for value in values) / len(values) >= _TEXT_CHARACTERS


def _is_label(sample: Sample, name: str) -> bool:
    return 2 <= len(sample.distinct(name)) <= _MOST_LABELS
