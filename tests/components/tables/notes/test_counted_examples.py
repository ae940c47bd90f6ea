"""Examples among counters: few of each kind remain, whatever signs they hold."""

import random
from collections import Counter

from components.tables.notes.counted_examples import EXAMPLES, example_key, examples_of, keep_examples
from components.tables.shaping.tallies import contradiction_key, join_key


def test_examples_of_any_kind_stay_few_however_they_are_added() -> None:
    kinds = [
        join_key(0, 1, "missed_key"),
        join_key(0, 11, "missed_key"),
        contradiction_key("price"),
        "dotted_id:user_id",
    ]
    ids = [f"{number}:{sign}\n{number % 7}" for number in range(200) for sign in ("", "é", ":example:")]
    drawn = random.Random(2)
    total: Counter[str] = Counter()
    for _ in range(40):
        batch = Counter(dict.fromkeys(kinds, 1))
        batch.update(example_key(kind, each) for kind in kinds for each in drawn.sample(ids, 30))
        total = keep_examples(total + batch)
        assert len(total) <= len(kinds) * (1 + EXAMPLES)
    assert all(total[kind] == 40 for kind in kinds)

    whole = keep_examples(Counter(example_key(kind, each) for kind in kinds for each in ids))
    for kind in kinds:
        assert examples_of(whole, kind) == sorted(ids)[:EXAMPLES]
