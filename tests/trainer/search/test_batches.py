"""Pairs and batches against loops over the judgements."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.search.tiny_search import judged
from trainer.search.batches import BatchSource, TrainingPairs, training_pairs
from trainer.search.options import SearchTrainingOptions
from trainer.search.queries import JudgedQueries

# Products 0 and 3 share a text, and so do 1 and 4.
TEXT_OF_PRODUCT = np.array([0, 1, 2, 0, 1, 3, 4, 5])
OPTIONS = SearchTrainingOptions(batch_size=4, hard_negatives=3)
QUERIES = judged(
    [
        ("a", {0: 0.25, 3: 1.0, 1: 0.5, 5: 0.0}),
        ("b", {2: 0.75, 6: 0.375, 4: 0.0}),
        ("c", {}),
        ("d", {5: 0.375}),
        ("e", {1: 0.625, 4: 0.875, 2: 0.5, 0: 0.5}),
    ]
)


def best_of_texts(queries: JudgedQueries) -> dict[tuple[int, int], float]:
    """The best relevance of each query and text, by a loop."""
    best: dict[tuple[int, int], float] = {}
    for row, product, relevance in zip(queries.rows(), queries.products, queries.relevance, strict=True):
        pair = (int(row), int(TEXT_OF_PRODUCT[product]))
        best[pair] = max(best.get(pair, 0.0), float(relevance))
    return best


def learned(pairs: TrainingPairs) -> dict[tuple[int, int], float]:
    """The pairs with their weights; checks that none is there twice."""
    rows = list(zip(pairs.query.tolist(), pairs.text.tolist(), strict=True))
    assert len(set(rows)) == len(rows)
    return dict(zip(rows, pairs.weight.tolist(), strict=True))


RELEVANCE = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
JUDGEMENTS = st.lists(st.tuples(st.just("q"), st.dictionaries(st.integers(0, 7), RELEVANCE)), min_size=1, max_size=6)


def check_pairs(queries: JudgedQueries, options: SearchTrainingOptions) -> None:
    pairs, best = training_pairs(queries, TEXT_OF_PRODUCT, options, 0), best_of_texts(queries)
    relevant = {pair: value for pair, value in best.items() if value >= options.relevant_from}
    assert learned(pairs) == relevant
    for row in range(len(queries)):
        assert set(pairs.relevant[row]) - {-1} == {text for query, text in relevant if query == row}
        assert set(pairs.judged[row]) == {text for query, text in best if query == row}
        assert set(pairs.irrelevant[row]) == set(pairs.judged[row]) - set(pairs.relevant[row])


@pytest.mark.parametrize("relevant_from", [0.25, 0.5, 0.875])
def test_a_text_of_several_products_is_judged_by_the_best(relevant_from: float) -> None:
    check_pairs(QUERIES, OPTIONS.model_copy(update={"relevant_from": relevant_from}))


@settings(max_examples=60, deadline=None)
@given(JUDGEMENTS)
def test_any_judgements(judgements: list[tuple[str, dict[int, float]]]) -> None:
    queries = judged(judgements)
    if max(best_of_texts(queries).values(), default=0.0) >= 0.5:
        check_pairs(queries, OPTIONS)
    else:
        with pytest.raises(ValueError, match=r"No training query has a product of relevance 0\.5 or more"):
            training_pairs(queries, TEXT_OF_PRODUCT, OPTIONS, 0)


def test_more_pairs_than_are_wanted_are_a_seeded_sample() -> None:
    few = OPTIONS.model_copy(update={"max_pairs": 3})
    everything = learned(training_pairs(QUERIES, TEXT_OF_PRODUCT, OPTIONS, 0))
    samples = [learned(training_pairs(QUERIES, TEXT_OF_PRODUCT, few, seed)) for seed in [*range(8), 0]]
    assert samples[0] == samples[8]
    assert len({tuple(sample) for sample in samples}) > 1
    for sample in samples:
        assert len(sample) == 3
        assert sample.items() <= everything.items()
    # What is not learned still answers its query.
    np.testing.assert_array_equal(
        training_pairs(QUERIES, TEXT_OF_PRODUCT, few, 0).relevant,
        training_pairs(QUERIES, TEXT_OF_PRODUCT, OPTIONS, 0).relevant,
    )


def test_of_a_vague_query_some_answers_are_told() -> None:
    queries = judged([("vague", dict.fromkeys(range(100), 1.0)), ("b", {1: 1.0})])
    pairs = training_pairs(queries, np.arange(100), OPTIONS, 0)
    assert len(pairs.query) == 101
    assert pairs.relevant.shape == (2, 32)
    assert len(set(pairs.relevant[0])) == 32


def batches(source: BatchSource, epoch: int = 0) -> list[dict[str, np.ndarray]]:
    return list(source.epoch(epoch).as_numpy_iterator())


def many_pairs(hard_negatives: int, batch_size: int = 4) -> TrainingPairs:
    """Queries each with answers, and some with wrong texts."""
    judgements = [
        (f"q{row}", {row: 1.0, row + 10: 0.75} | ({row + 20: 0.0, row + 30: 0.25} if row % 2 else {}))
        for row in range(9)
    ]
    return training_pairs(judged(judgements), np.arange(60), options_of(hard_negatives, batch_size), 0)


def options_of(hard_negatives: int, batch_size: int = 4) -> SearchTrainingOptions:
    return SearchTrainingOptions(batch_size=batch_size, hard_negatives=hard_negatives)


@pytest.mark.parametrize(("batch_size", "size", "steps"), [(4, 4, 4), (18, 18, 1), (100, 18, 1), (5, 5, 3)])
@pytest.mark.parametrize("hard_negatives", [0, 2])
def test_a_pass_has_each_pair_once_but_for_what_fills_no_batch(
    batch_size: int, size: int, steps: int, hard_negatives: int
) -> None:
    pairs = many_pairs(hard_negatives)
    source = BatchSource(pairs, options_of(hard_negatives, batch_size), seed=1)
    assert source.steps == steps
    passed = batches(source)
    assert len(passed) == steps
    everything, seen = learned(pairs), []
    for batch in passed:
        assert batch["query"].shape == batch["text"].shape == batch["weight"].shape == (size,)
        assert batch["negatives"].shape == (size, hard_negatives)
        np.testing.assert_array_equal(batch["relevant"], pairs.relevant[batch["query"]])
        np.testing.assert_array_equal(batch["asked"], pairs.asked[batch["query"]])
        for query, text, weight in zip(batch["query"], batch["text"], batch["weight"], strict=True):
            assert everything[int(query), int(text)] == weight
            seen.append((int(query), int(text)))
    assert len(set(seen)) == len(seen) == size * steps


def test_each_pass_has_an_order_of_its_own_and_a_seed_repeats_them() -> None:
    pairs = many_pairs(1)
    sources = [BatchSource(pairs, options_of(1), seed) for seed in (1, 1, 2)]
    orders = [
        [np.concatenate([batch["text"] for batch in batches(source, epoch)]).tolist() for epoch in range(2)]
        for source in sources
    ]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert orders[0][0] != orders[0][1]


def test_a_pass_goes_on_at_any_batch_with_what_was_mined() -> None:
    pairs = many_pairs(3)
    whole, later = (BatchSource(pairs, options_of(3), seed=1) for _ in range(2))
    whole.mined = [np.arange(40, 40 + row) for row in range(9)]
    later.restore(whole.state())
    for mined, expected in zip(later.mined, whole.mined, strict=True):
        np.testing.assert_array_equal(mined, expected)
    for epoch, first in ((0, 1), (2, 3)):
        left = list(later.epoch(epoch, first).as_numpy_iterator())
        for one, other in zip(left, batches(whole, epoch)[first:], strict=True):
            np.testing.assert_array_equal(one["text"], other["text"])
            np.testing.assert_array_equal(one["negatives"], other["negatives"])


def drawn(source: BatchSource, passes: int = 2) -> dict[int, list[int]]:
    """The negatives of each query over many passes."""
    found: dict[int, list[int]] = {}
    for epoch in range(passes):
        for batch in batches(source, epoch):
            for query, negatives in zip(batch["query"].tolist(), batch["negatives"].tolist(), strict=True):
                found.setdefault(query, []).extend(negatives)
    return found


def test_negatives_are_judged_irrelevant_or_mined() -> None:
    source = BatchSource(many_pairs(30), options_of(30), seed=3)
    source.mined = [np.array([40 + row, 50 + row]) for row in range(9)]
    for query, negatives in drawn(source).items():
        mined, irrelevant = {40 + query, 50 + query}, {query + 20, query + 30} if query % 2 else set()
        assert set(negatives) == mined | irrelevant
        if irrelevant:
            share = np.mean([negative in mined for negative in negatives])
            assert 0.3 < share < 0.7


def test_without_mined_ones_negatives_come_from_the_judged_or_from_all_texts() -> None:
    for query, negatives in drawn(BatchSource(many_pairs(60), options_of(60), seed=3)).items():
        if query % 2:
            assert set(negatives) == {query + 20, query + 30}
        else:
            assert len(set(negatives)) > 45
            assert set(negatives) <= set(range(60))
