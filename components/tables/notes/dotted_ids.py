"""Notes ids that a tool has made floats of: `10001.0`, which is another id than `10001`.

Text ids stay as they are, since nobody but the shop knows whether `7.0` is a number. So that ids which match nothing do
not go unseen, their counts and a few examples travel with the counts of the table.
"""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from components.tables.contract import USER_ID
from components.tables.notes.counted_examples import EXAMPLES, example_key, examples_of
from components.tables.notes.example_ids import shown_ids

_COUNT, _ID_ENDING = "dotted_id:", "_id"


def count_dotted_ids(good: pa.RecordBatch) -> Counter[str]:
    """Counts the ids of each column that are whole numbers with a fraction of 0, and names the smallest ones.

    Args:
        good: Rows in the examples' columns.

    Returns:
        Counts by keys of this module; nothing for a column without such ids.
    """
    counts: Counter[str] = Counter()
    for name in good.schema.names:
        if name.endswith(_ID_ENDING):
            ids = good.column(name).flatten()
            dotted = ids.filter(pc.ends_with(ids, ".0"))
            dotted = dotted.filter(pc.match_substring_regex(dotted, r"^[0-9]+\.0$"))
            if len(dotted):
                counts[_COUNT + name] = len(dotted)
                examples = sorted(value.decode() for value in dotted.unique().to_pylist())[:EXAMPLES]
                counts.update({example_key(_COUNT + name, example): 1 for example in examples})
    return counts


def note_dotted_ids(counts: Counter[str], *, plain_user_ids: bool) -> list[str]:
    """Says which columns have such ids.

    Args:
        counts: The sum of `count_dotted_ids` over a table.
        plain_user_ids: Whether user ids may be shown.
    """
    notes = []
    for key in sorted(counts):
        if key.startswith(_COUNT):
            name = key.removeprefix(_COUNT)
            shown = f", such as {shown_ids(examples_of(counts, key))}"
            hidden = name == USER_ID and not plain_user_ids
            notes.append(
                f"Column `{name}` has {counts[key]:,} ids that end in `.0`{'' if hidden else shown}: "
                "a text id is kept as it is, and with `.0` it is another id than without. If a tool has made floats of "
                "them, write them as text or as whole numbers."
            )
    return notes
