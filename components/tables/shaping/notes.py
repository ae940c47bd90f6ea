"""What the owner of a table should know of how it was read, from the counters that followed its rows."""

from collections import Counter
from collections.abc import Iterator, Mapping

from components.tables.contract import USER_ID, TableContract
from components.tables.notes.counted_examples import examples_of
from components.tables.notes.example_ids import shown_ids
from components.tables.shaping.plan import JoinPlan, SourcePlan, TablePlan
from components.tables.shaping.tallies import SET_ASIDE_KEY_PREFIX, contradiction_key, join_key, mapped_key
from components.tables.user_ids import hash_user_id

# From this share on of rows that miss, the keys of both sides are shown: they are written in two ways.
_NEARLY_ALL = 0.9


def set_aside_rows(counts: Mapping[str, int]) -> dict[str, int]:
    """Returns how many rows are right but not used, by reason; reasons without a row are left out."""
    return {
        key.removeprefix(SET_ASIDE_KEY_PREFIX): count
        for key, count in counts.items()
        if key.startswith(SET_ASIDE_KEY_PREFIX) and count
    }


def reading_notes(
    contract: TableContract, plan: TablePlan, counts: Counter[str], user_id_key: str | None
) -> tuple[str, ...]:
    """Says what joins missed, which ids were mapped, where sources contradict, and which files repeat others.

    Args:
        contract: The table's contract.
        plan: What was read.
        counts: The counters.
        user_id_key: Key of the hash that stands for a user id; None shows user ids plainly.

    Returns:
        A sentence each.
    """
    return (
        *(
            note
            for source in plan.sources
            for place, join in enumerate(source.joins, start=1)
            for note in _join_notes(source, join, place, counts, plain=user_id_key is None)
        ),
        *(note for source in plan.sources for note in _mapped_notes(source, counts)),
        *_contradiction_notes(contract, plan, counts, user_id_key),
        *(
            f"Table `{contract.name}`: `{path}` has the same content as `{other}`, and was not read again."
            for source in plan.sources
            for path, other in source.repeated
        ),
    )


def _join_notes(source: SourcePlan, join: JoinPlan, place: int, counts: Counter[str], *, plain: bool) -> Iterator[str]:
    def count(what: str) -> int:
        return counts[join_key(source.place, place, what)]

    rows, keyless, missed, broken = count("rows"), count("keyless"), count("missed"), count("broken")
    keys = ", ".join(f"`{own}`" for own, _ in join.keys)
    if missed:
        note = f"{missed:,} of {rows:,} rows of {source.source.path} found no row in {join.join.path} by {keys}"
        secret = not plain and USER_ID in {name for name, own in source.names if own in dict(join.keys)}
        if missed >= _NEARLY_ALL * (rows - keyless) and not secret:
            ours, theirs = (
                shown_ids(examples_of(counts, join_key(source.place, place, what)))
                for what in ("missed_key", "unused_key")
            )
            note += f": keys here are such as {ours}; keys there are such as {theirs}"
        yield f"{note}."
    if keyless:
        lacking = f"{keyless:,} of {rows:,} rows of {source.source.path} lack {keys}"
        yield f"{lacking}, so {join.join.path} tells nothing of them."
    if broken:
        yield f"{broken:,} rows of {join.join.path}, which is joined to {source.source.path}, could not be read."


def _mapped_notes(source: SourcePlan, counts: Counter[str]) -> Iterator[str]:
    for column, _ in source.same_ids:
        mapped, path = counts[mapped_key(source.place, column)], source.source.same_ids[column]
        yield f"{mapped:,} values of `{column}` in {source.source.path} were replaced by what {path} says they mean."


def _contradiction_notes(
    contract: TableContract, plan: TablePlan, counts: Counter[str], user_id_key: str | None
) -> Iterator[str]:
    for column in plan.columns:
        key = contradiction_key(column.name)
        if not counts[key]:
            continue
        found = examples_of(counts, key)
        if contract.unique == USER_ID and user_id_key is not None:
            found = [hash_user_id(user_id, user_id_key) for user_id in found]
        yield (
            f"For {counts[key]:,} of the ids in `{contract.unique}`, sources give different values of "
            f"`{column.name}`, such as for {shown_ids(found)}; the source that is named first counts."
        )
