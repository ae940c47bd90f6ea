"""Makes a source of a table out of a file whose columns are known: how its values are written, what is left out."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.errors import InputError
from components.tables.contract import TABLES, Column
from tfx_pipeline.init.event_types import seen_event_types
from tfx_pipeline.init.known_columns import Joined, KnownColumns, exploded_items
from tfx_pipeline.init.proposal import ProposedColumn, ProposedSource
from tfx_pipeline.init.questions import Asker
from tfx_pipeline.init.repeats import rows_of_each
from tfx_pipeline.init.sample import Sample
from tfx_pipeline.init.values.clocks import without_clocks
from tfx_pipeline.init.values.day_order import with_order
from tfx_pipeline.init.values.first_lines import columns_of_first_lines
from tfx_pipeline.init.values.nothing import NOTHING, names_of_nothing, without_nothing
from tfx_pipeline.init.values.numbers import Sign, decimal_sign, numbers_beyond, unreadable_numbers, why_no_numbers
from tfx_pipeline.init.values.remarks import remarks_on
from tfx_pipeline.init.values.times import TimeGuess, guess_time, how_to_write

# A column counts as filled if so many rows have a value; of a required one a few more may lack it than may be bad.
_FILLED = 0.5
_ALL_FILLED = 0.995
_READABLE = 0.99
_OFTEN = 0.02
_FAR_MORE = 10
# More rows of an id than a few that are there twice by mistake.
_REPEATED = 1.005
_SHOWN = 3
_BOOLEANS = {"true", "false", "t", "f", "yes", "no", "y", "n", "1", "0", "1.0", "0.0"}


def guess_source(known: KnownColumns, sample: Sample, asker: Asker) -> ProposedSource:
    """Returns the source of a table.

    Args:
        known: Which columns the file has, and what else is known of it.
        sample: The file.
        asker: Settles what the values do not tell.

    Raises:
        InputError: No row has a column that each needs, or nothing says in which order the rows came.
    """
    guess = _SourceGuess(known, sample, asker)
    return guess.source()


class _SourceGuess:
    """The guess of one source."""

    def __init__(self, known: KnownColumns, sample: Sample, asker: Asker) -> None:
        self._known = known
        self._sample = exploded_items(known, sample)
        self._asker = asker
        self._contract = TABLES[known.table]
        self._columns: dict[str, ProposedColumn] = {}
        self._time: TimeGuess | None = None
        self._refused: dict[str, str] = {}

    def source(self) -> ProposedSource:
        """Returns the source."""
        number_texts: list[Any] = []
        for column in self._contract.columns:
            found = self._find(column)
            if found is not None and column.kind in ("float", "integer"):
                number_texts += without_nothing(found[1].values(found[0]), column.name)
        decimal, certain = decimal_sign(number_texts)
        if not certain:
            signs = (decimal, "," if decimal == "." else ".")
            chosen = self._asker.choose(
                f"{self._sample.label}: is the sign before the fraction of a number a point or a comma?",
                [f"`{sign}`" for sign in signs],
            )
            decimal = "." if signs[chosen] == "." else ","
        for column in self._contract.columns:
            found = self._find(column)
            if found is not None:
                self._take(column, *found, decimal)
        self._refuse_rows_without_order()
        for remark in remarks_on(self._columns):
            self._asker.note(remark)
        options: dict[str, Any] = {"path": self._sample.path, **self._sample.form}
        joins = [self._join(join) for join in self._known.joins]
        if joins:
            options["join"] = joins
        options["columns"] = self._names()
        if self._time is not None and self._time.format is not None:
            zone = {"zone": self._time.reads_as} if self._time.reads_as else {}
            options["time"] = {"format": self._time.format, **zone}
        if decimal == ",":
            options["decimal"] = ","
        options.update(self._other_options())
        return ProposedSource(
            table=self._known.table,
            sample=self._sample,
            options=options,
            columns=tuple(self._columns.values()),
            time=self._time,
            unused={name: self._why_not(name) for name, own in options["columns"].items() if own == ""},
        )

    def _find(self, column: Column) -> tuple[str, Sample] | None:
        """Returns the name of a column in the file that has it: the first that is filled, else the first there is."""
        there = [
            (name, sample)
            for name in self._known.columns.get(column.name, ())
            for sample in (self._sample, *(join.sample for join in self._known.joins))
            if name in sample.names and not (sample.is_listed(name) and column.kind != "vector")
        ]
        if column.kind == "timestamp":
            there = without_clocks(there, self._asker.note)
        filled_down = self._known.options.get("fill_down", ())
        filled = [each for each in there if each[0] in filled_down or each[1].filled(each[0]) >= _FILLED]
        # Such as the order of an event, which views have not.
        return next(iter(filled or [each for each in there if column.required or each[1].filled(each[0]) > 0]), None)

    def _take(self, column: Column, theirs: str, sample: Sample, decimal: Sign) -> None:
        """Takes a column, unless it is optional and its values cannot be read."""
        values = sample.values(theirs)
        if column.kind in ("timestamp", "float", "integer", "boolean"):
            values = without_nothing(values, column.name)
        what = "text"
        if column.kind == "timestamp":
            self._time = self._time_of(theirs, values)
            if self._time is None:
                shown = _listed(sample.examples(theirs))
                self._refuse(column, sample, theirs, f"its times could not be read, such as {shown}")
                return
            what = f"time, {self._time.format}" if self._time.format else "time"
        elif column.kind in ("float", "integer"):
            what = "number"
            wrong = unreadable_numbers(values, column.kind, decimal)
            if len(wrong) > (1 - _READABLE) * len(values):
                self._refuse(column, sample, theirs, why_no_numbers(wrong, decimal))
                return
            beyond = [] if column.required or column.maximum is None else numbers_beyond(values, column, decimal)
            if len(beyond) > (1 - _READABLE) * len(values):
                bounds = f"{column.minimum or 0:g} to {column.maximum:g}"
                self._refuse(column, sample, theirs, f"its numbers should be from {bounds}, and one is `{beyond[0]}`")
                return
        elif column.kind == "boolean":
            what = "yes or no"
            if not _mostly([str(value).strip().lower() in _BOOLEANS for value in values]):
                self._refuse(column, sample, theirs, "it has other values than yes and no")
                return
        elif column.name.endswith("_id"):
            what = "id"
        self._columns[column.name] = ProposedColumn(name=column.name, theirs=theirs, what=what, sample=sample)

    def _refuse(self, column: Column, sample: Sample, theirs: str, why: str) -> None:
        self._asker.note(f"{sample.label}: `{theirs}` is not used: {why}.")
        self._refused[column.name] = why

    def _refuse_rows_without_order(self) -> None:
        """Refuses rows of which nothing says which came first."""
        orders = self._contract.one_of
        if not orders or any(name in self._columns for name in orders):
            return
        columns = (column for column in self._contract.columns if column.name in orders)
        unread = next(filter(None, map(self._find, columns)), None)
        if unread is None:
            raise InputError(f"{self._sample.label}: no column says when users did it. Add one, such as `timestamp`.")
        name, sample = unread
        raise InputError(
            f"{sample.label}: the times in `{name}` could not be read, such as {_listed(sample.examples(name))}. "
            f"{how_to_write(sample.values(name))}."
        )

    def _why_not(self, name: str) -> str:
        """Says why a column of the file that has a name of the contract is not used."""
        if name in self._refused:
            return self._refused[name]
        if self._sample.is_listed(name):
            return "it holds lists"
        return "what the file calls so is another" if self._sample.filled(name) > 0 else "it is empty"

    def _time_of(self, theirs: str, values: Sequence[Any]) -> TimeGuess | None:
        guess = guess_time(values)
        if guess is None:
            return None
        return with_order(guess, f"{self._sample.label}: do the dates in `{theirs}` such as {values[0]}", self._asker)

    def _found_by_join(self, other: Sample) -> float:
        """Returns the share of the rows that find one in a file that is joined; 1 where that is not known."""
        shares = [join.found(self._sample) for join in self._known.joins if join.sample is other and other.complete]
        return next((share for share in shares if share is not None), 1.0)

    def _names(self) -> dict[str, str]:
        """Returns the name in the file of each column; none for what only has the name of a column."""
        names = {name: column.theirs for name, column in self._columns.items()}
        constants = self._known.options.get("constants", {})
        for column in self._contract.columns:
            other = column.name in self._sample.names and column.name not in names.values()
            if other and column.name not in names and column.name not in constants:
                names[column.name] = ""
        return names

    def _join(self, join: Joined) -> dict[str, Any]:
        options: dict[str, Any] = {"path": join.sample.path, **join.sample.form}
        options["on"] = join.on if isinstance(join.on, str) else dict(join.on)
        options["columns"] = [name for name in join.columns if name in join.sample.names]
        return options

    def _other_options(self) -> dict[str, Any]:
        """Returns the options that the file gives a reason for."""
        options = dict(self._known.options)
        missing = self._names_of_nothing(options.get("leave_out", {}))
        fill_down = [name for name in options.pop("fill_down", ()) if self._sample.has_values(name)]
        fill_down = fill_down or columns_of_first_lines(self._columns, self._asker.note)
        if any(self._sample.filled(name) < 1 for name in fill_down):
            options["fill_down"] = fill_down
        if options.get("guests") == "baskets" and ("basket_id" not in self._columns or not self._lacks_users(missing)):
            del options["guests"]
        leave_out = self._left_out(dict(options.pop("leave_out", {})), missing, fill_down, guests="guests" in options)
        keep = self._kept()
        if missing:
            options["missing"] = missing
        if leave_out:
            options["leave_out"] = leave_out
        if keep:
            options["keep"] = keep
        if self._contract.name == "products" and "repeats" not in options:
            self._merge_repeats(options, leave_out)
        return options

    def _kept(self) -> dict[str, list[str]]:
        """Returns the values that alone make rows, by column: known ones, and the event types that were seen."""
        keep = {name: list(values) for name, values in self._known.kept_values.items() if name in self._sample.names}
        types = self._columns.get("event_type")
        if types is not None and types.theirs not in keep:
            seen = seen_event_types(types, self._sample.label)
            if seen and not types.sample.complete:
                keep[types.theirs] = seen
                self._asker.note(
                    f"{self._sample.label}: `{types.theirs}` may have other values further down than in the first "
                    "rows; rows with these are left out: see `keep`."
                )
        return keep

    def _merge_repeats(self, options: dict[str, Any], leave_out: Mapping[str, Sequence[str]]) -> None:
        """Takes one row of each product, where more than a few have several."""
        product = self._columns.get("product_id")
        if product is None or product.sample is not self._sample:
            return
        each = rows_of_each(self._sample, product.theirs, leave_out, self._known.kept_values)
        if each > _REPEATED:
            options["repeats"] = "merged"
            self._asker.note(f"{self._sample.label}: a product has {each:.1f} rows in the mean, of which one counts.")

    def _names_of_nothing(self, left_out: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Returns values that stand for none, by column; for users also those that stand for anybody."""
        found = {}
        for column in self._columns.values():
            counts = column.sample.distinct_of(column.theirs, names_of_nothing(column.name))
            # A customer may be called 0; what has far more rows than others have is nobody.
            often = max(_OFTEN * column.sample.rows.num_rows, _FAR_MORE * column.sample.rows_of_each(column.theirs))
            anybody = column.name == "user_id"
            named = [name for name, count in counts.items() if name in NOTHING or not anybody or count >= often]
            named = [name for name in named if name not in left_out.get(column.theirs, ())]
            if named:
                found[column.theirs] = named
                shown = ", ".join(f"`{name}`" for name in named)
                self._asker.note(f"{self._sample.label}: {shown} in `{column.theirs}` counts as no value.")
        return found

    def _lacks_users(self, missing: Mapping[str, Sequence[str]]) -> bool:
        user = self._columns.get("user_id")
        return user is not None and (user.sample.filled(user.theirs) < 1 or user.theirs in missing)

    def _left_out(
        self, given: dict[str, Sequence[str]], missing: dict[str, list[str]], fill_down: Sequence[str], *, guests: bool
    ) -> dict[str, list[str]]:
        """Returns the values whose rows are left out, by column; takes those that stand for none out of `missing`."""
        samples = (self._sample, *(join.sample for join in self._known.joins))
        names = {name for sample in samples for name in sample.names}
        found = {name: list(values) for name, values in given.items() if name in names}
        for column in self._contract.columns:
            taken = self._columns.get(column.name)
            if taken is None or not self._is_needed(column) or (guests and column.name == "user_id"):
                continue
            nothing = missing.get(taken.theirs, [])
            lost = sum(taken.sample.distinct_of(taken.theirs, nothing).values()) / max(1, taken.sample.rows.num_rows)
            filled = min(taken.sample.filled(taken.theirs) - lost, self._found_by_join(taken.sample))
            if filled <= 0 and taken.theirs not in fill_down:
                raise InputError(self._nothing_in(taken))
            if filled < _ALL_FILLED and taken.theirs not in (*found, *fill_down):
                found[taken.theirs] = ["", *missing.pop(taken.theirs, ())]
                self._asker.note(
                    f"{self._sample.label}: {1 - filled:.1%} of the rows have no `{taken.theirs}` and are left out."
                )
        return found

    def _is_needed(self, column: Column) -> bool:
        """Says whether a row without a value of a column is refused: a required one, or all that tells the order."""
        orders = self._contract.one_of
        return column.required or (column.name in orders and sum(name in self._columns for name in orders) == 1)

    def _nothing_in(self, column: ProposedColumn) -> str:
        """Says that no row has a column."""
        label, other = self._sample.label, column.sample.label
        what = f"{label}: no row has a `{column.theirs}`, the `{column.name}` of {self._contract.name}"
        if self._found_by_join(column.sample) <= 0:
            what += f": none of them is found in {other}, which is joined"
        return f"{what}. Give the files that belong together, or leave {label} out."


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(f"`{value}`" for value in values[:_SHOWN])


def _mostly(truths: Sequence[bool]) -> bool:
    return sum(truths) >= _READABLE * len(truths)
