"""Histories in words and numbers, beside what plain Python says of them."""

import numpy as np
import pytest
import tensorflow as tf

from serving.segmentation.behaviour import Behaviour
from tests.serving.segmentation.behaviours import (
    DAY,
    HISTORY_LENGTH,
    IDS,
    SPEND,
    behaviour,
    padded,
    plain_numbers,
    plain_text,
    products,
    random_history,
)

LENGTHS = (0, 1, 2, 3, 5, 9, 16, HISTORY_LENGTH)


@pytest.fixture(scope="module")
def described() -> Behaviour:
    return behaviour()


def arguments(inputs: dict[str, np.ndarray]) -> list[tf.Tensor]:
    dtypes = (tf.string, tf.string, tf.float32)
    return [tf.constant(values, dtype) for values, dtype in zip(inputs.values(), dtypes, strict=True)]


def describe(described: Behaviour, inputs: dict[str, np.ndarray]) -> tuple[list[str], np.ndarray]:
    table = described.describe(*arguments(inputs))
    return [text.decode() for text in table.texts.numpy()], table.numbers.numpy()


def test_words_and_numbers_are_those_of_plain_python(described: Behaviour) -> None:
    random = np.random.default_rng(3)
    histories = [random_history(random, events) for events in LENGTHS * 4]
    texts, numbers = describe(described, padded(histories))
    assert texts == [plain_text(history) for history in histories]
    names = described.number_names
    assert numbers.shape == (len(histories), len(names))
    assert len(set(names)) == len(names)
    for row, history in zip(numbers, histories, strict=True):
        for name, value in plain_numbers(history).items():
            assert row[names.index(name)] == pytest.approx(value, rel=1e-4, abs=1e-5), name


def test_padding_unknown_ids_and_odd_ages_change_nothing(described: Behaviour) -> None:
    random = np.random.default_rng(4)
    history = random_history(random, 6)
    plain = describe(described, padded([history]))
    holes = padded([[history[0], ("", "", 9.0), ("no such id", "purchase", 5.0), *history[1:]]])
    found = describe(described, holes)
    assert found[0] == plain[0]
    np.testing.assert_allclose(found[1], plain[1], rtol=1e-6)
    now = [(IDS[0], "purchase", 0.0)]
    for age in (np.nan, -1.0, -np.inf, np.inf):
        odd = describe(described, padded([[(IDS[0], "purchase", age)]]))
        assert odd[0] == [plain_text(now)]
        np.testing.assert_array_equal(odd[1], describe(described, padded([now]))[1])
    nothing = describe(described, padded([[], [("no such id", "purchase", 5.0)]]))
    assert nothing[0] == ["no visits", "no visits"]
    assert np.isfinite(nothing[1]).all()
    assert describe(described, padded([]))[1].shape == (0, len(described.number_names))


def test_of_a_long_history_in_examples_the_latest_events_count(described: Behaviour) -> None:
    random = np.random.default_rng(5)
    histories = [random_history(random, events) for events in (0, 4, HISTORY_LENGTH + 30)]
    examples = []
    for history in histories:
        example = tf.train.Example()
        feature = example.features.feature
        feature["history_ids"].bytes_list.value.extend([product.encode() for product, _, _ in history])
        feature["history_types"].bytes_list.value.extend([kind.encode() for _, kind, _ in history])
        feature["history_age_seconds"].float_list.value.extend([age for _, _, age in history])
        examples.append(example.SerializeToString())
    table = described.describe_examples(tf.constant(examples))
    texts, numbers = describe(described, padded([history[-HISTORY_LENGTH:] for history in histories]))
    assert [text.decode() for text in table.texts.numpy()] == texts
    np.testing.assert_allclose(table.numbers.numpy(), numbers, rtol=1e-6)


def test_what_came_with_events_is_told_after_the_visits(described: Behaviour) -> None:
    # Of each event: product, search, seconds, rating. The first one is of no known product, and says nothing.
    events = [
        ("no such id", "cheese", 900.0, 1.0),
        (IDS[0], "red tea", 20.0, 5.0),
        (IDS[1], "", 0.0, 0.0),
        (IDS[2], "red tea", 41.0, 2.0),
        (IDS[3], "green tea", np.nan, 4.0),
        (IDS[3], "green tea", -5.0, 0.0),
    ]
    examples = []
    for with_signals in (True, False):
        feature = (example := tf.train.Example()).features.feature
        feature["history_ids"].bytes_list.value.extend([event[0].encode() for event in events])
        feature["history_age_seconds"].float_list.value.extend([DAY] * len(events))
        if with_signals:
            feature["history_query"].bytes_list.value.extend([event[1].encode() for event in events])
            feature["history_dwell_seconds"].float_list.value.extend([event[2] for event in events])
            # Of the last event no rating is given.
            feature["history_value"].float_list.value.extend([event[3] for event in events[:-1]])
        examples.append(example.SerializeToString())
    told, plain = (text.decode() for text in described.describe_examples(tf.constant(examples)).texts.numpy())
    visits, rest = plain.split("; ", 1)
    signals = (
        "searched red tea; searched green tea; looked 30 seconds each; rated 3.7 of 5; liked Title 3; disliked Title 2"
    )
    assert told == f"{visits}; {signals}; {rest}"


def test_a_month_is_thirty_days(described: Behaviour) -> None:
    texts, _ = describe(described, padded([[(IDS[0], "purchase", 100.5 * DAY)]]))
    assert "3 months ago" in texts[0]


def test_one_is_no_plural(described: Behaviour) -> None:
    texts, _ = describe(described, padded([[(IDS[2], "purchase", 1.5 * DAY)]]))
    assert texts == ["1 visit in 4 weeks, 1 in 16, last 1 day ago; purchase Tea 1 time, 1 day ago; lately Title 2"]
    assert {"spend in 1 week", "spend in 2 weeks", "recent visits, halved every 1 week"} <= set(described.number_names)
    assert not [name for name in described.number_names if " 1 weeks" in name]


def test_views_are_not_counted_as_purchases(described: Behaviour) -> None:
    views = [(IDS[2], "view", 40.5 * DAY)] * 11
    texts, _ = describe(described, padded([[*views, (IDS[2], "purchase", 2.5 * DAY)]]))
    assert "view Tea 11 times, 5 weeks ago; purchase Tea 1 time, 2 days ago;" in texts[0]


def test_events_of_unknown_types_are_left_out(described: Behaviour) -> None:
    random = np.random.default_rng(6)
    history = random_history(random, 6)
    odd = [(IDS[1], kind, DAY) for kind in ("refund", "click", "Purchase", " ")]
    plain, found = (describe(described, padded([events])) for events in (history, [*odd, *history, *odd]))
    assert found[0] == plain[0]
    np.testing.assert_allclose(found[1], plain[1], rtol=1e-6)
    assert describe(described, padded([odd]))[0] == ["no visits"]
    example = tf.train.Example()
    example.features.feature["history_ids"].bytes_list.value.extend([IDS[1].encode()] * 2)
    example.features.feature["history_types"].bytes_list.value.append(b"refund")
    # The second event's type is not given, which counts as bought.
    assert described.describe_examples(tf.constant([example.SerializeToString()])).texts.numpy()[0].decode() == (
        plain_text([(IDS[1], "purchase", 0.0)])
    )
    untyped = describe(described, padded([[(IDS[1], "", DAY)]]))
    assert untyped[0] == [plain_text([(IDS[1], "purchase", DAY)])]


def test_it_is_told_with_products_first_and_numbers_in_their_units(described: Behaviour) -> None:
    history = [*[(IDS[2], "view", 40.5 * DAY)] * 11, (IDS[2], "purchase", 2.5 * DAY)]
    inputs = padded([history, []])
    told = described.tell(*arguments(inputs))
    texts, numbers = describe(described, inputs)
    assert [text.decode() for text in told.table.texts.numpy()] == texts
    np.testing.assert_array_equal(told.table.numbers, numbers)
    first, second = ([text.decode() for text in row if text] for row in told.clauses.told.numpy())
    assert first == [
        "1 visit in 4 weeks, 2 in 16, last 2 days ago",
        "Tea, viewed 11 times, 5 weeks ago",
        "Tea, bought 1 time, 2 days ago",
        "Title 2, viewed lately",
        "Title 2, bought lately",
    ]
    assert second == ["no visits"]
    first, second = (dict(text.decode().split(": ") for text in row) for row in told.numbers.numpy())
    assert list(first) == described.number_names
    spend = SPEND[2]
    assert first["spend in 1 week"] == f"{spend:.2f}"
    assert first["visits in 16 weeks"] == "2"
    assert first["events"] == "12"
    assert first["days since the last visit"] == f"{2.5:.0f}"
    assert first["days since the last visit beside those between visits"] == f"{3.5 / 39:.1f} times"
    assert first["recent events of view"] == f"{11 * 2 ** (-40.5 / 56):.1f}"
    lately = spend * 2 ** (-2.5 / 56)
    assert first["share of recent spend on Food"] == f"{100 * lately / (lately + 1):.0f}%"
    assert second["days since the last visit"] == "none"
    assert second["spend in 1 week"] == "0.00"


def test_an_event_type_of_the_shops_own_is_told_by_its_name() -> None:
    described = Behaviour(products(), ("like", "cart", "order"), "order", HISTORY_LENGTH)
    inputs = padded([[(IDS[0], "like", 9 * DAY), (IDS[0], "cart", 8 * DAY), (IDS[1], "order", 7.5 * DAY)]])
    told = described.tell(*arguments(inputs))
    texts = [text.decode() for text in told.clauses.told.numpy()[0]]
    assert {"Milk, like 1 time, 9 days ago", "Milk, put into the cart 1 time, 8 days ago"} <= set(texts)
    assert "Bread, white, bought 1 time, 7 days ago" in texts
