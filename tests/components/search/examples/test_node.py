"""SearchExamples end to end: real Beam, real files, any ids and queries."""

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from components.errors import InputError
from components.search.examples.made_queries import MakeQueries
from components.search.examples.options import QueryOptions, SearchExamplesOptions
from components.search.examples.perturbations import EVALUATION_PERTURBATIONS, query_words
from components.tables.read_back import from_bytes
from tests.components.events.plain_histories import WEIRD_IDS
from tests.components.search.examples.examples_runs import Rows, Run, run_search_examples

IDS = [id_.decode() for id_ in WEIRD_IDS] + ["NUL\0id", "007", " padded "]
KINDS = ("milk", "bread", "green tea", "coffee beans", "apple juice", "全脂牛奶", "cheese slices", "kids cereal")
# So many are left of few queries that every split has some.
OPTIONS = SearchExamplesOptions(queries=QueryOptions(eval_fraction=0.25, test_fraction=0.25))


def products(count: int = 24) -> Rows:
    """Products with odd ids; each two share a title."""
    return [
        {
            "product_id": IDS[number] if number < len(IDS) else f"p{number}",
            "title": f"{KINDS[number // 2 % len(KINDS)]} {number // 2}",
            "category": "Food > Fresh",
            "price": float(number),
        }
        for number in range(count)
    ]


def with_queries(**values: Any) -> SearchExamplesOptions:
    return OPTIONS.model_copy(update={"queries": OPTIONS.queries.model_copy(update=values)})


def split_by_hand(query: str, options: SearchExamplesOptions) -> str:
    """The split of a query, from the hexadecimal digits of its hash."""
    place = int(hashlib.sha256(" ".join(query.lower().split()).encode()).hexdigest()[:16], 16) / 2**64
    test = options.queries.test_fraction
    return "test" if place < test else "eval" if place < test + options.queries.eval_fraction else "train"


def by_split(queries: dict[str, Any], options: SearchExamplesOptions) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {"train": {}, "eval": {}, "test": {}}
    for query, value in queries.items():
        found[split_by_hand(query, options)][query] = value
    return found


def asked(run: Run) -> dict[str, dict[str, Any]]:
    return {split: run.asked(split) for split in run.queries}


def normalized(query: str) -> str:
    return " ".join(query.lower().split())


def check_splits_are_apart(run: Run, options: SearchExamplesOptions) -> None:
    """No query, asked or perturbed, up to case and white space, is in two splits; each is where its hash says."""
    queries = {split: {normalized(query.query) for query in run.queries[split]} for split in run.queries}
    assert not queries["train"] & queries["eval"]
    assert not queries["train"] & queries["test"]
    assert not queries["eval"] & queries["test"]
    for split, own in queries.items():
        assert {split_by_hand(query, options) for query in own} <= {split}


def judge(queries: int = 60, copies: int = 1) -> Rows:
    """Graded judgements of queries over the products, some of them in capitals."""
    rows = []
    for number in range(queries):
        text = f"{KINDS[number % len(KINDS)]} {number}"
        query = text.upper() if number % 5 == 0 else text
        for step in range(1 + number % 3):
            product = products()[(number * 7 + step * 5) % 24]["product_id"]
            rows += [
                {"query": query, "product_id": product, "relevance": (number + step + copy) % 11 / 10}
                for copy in range(copies)
            ]
    return rows


def means(rows: Rows) -> dict[str, dict[str, Any]]:
    """The mean relevance of each product by query, in plain Python."""
    grades: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        grades[row["query"]][row["product_id"]].append(row["relevance"])
    return {
        query: {product: pytest.approx(sum(each) / len(each), abs=1e-6) for product, each in own.items()}
        for query, own in grades.items()
    }


def test_judgements_become_queries_in_splits_or_are_quarantined(tmp_path: Path) -> None:
    rows = judge(copies=3)
    bad = [
        {"query": " \t\u200b", "product_id": "007", "relevance": 1.0},
        {"query": "\0", "product_id": "nobody sells it", "relevance": 1.0},
        {"query": "milk", "product_id": "nobody sells it", "relevance": 0.5},
        {"query": "tea", "product_id": b"\xff", "relevance": 0.25},
    ]
    run = run_search_examples(tmp_path, products(), rows + bad, options=OPTIONS)
    expected = by_split(means(rows), OPTIONS)
    assert asked(run) == expected
    assert all(query.slice == "asked" for split in run.queries for query in run.queries[split] if query.headline)
    check_splits_are_apart(run, OPTIONS)
    assert [row["product_id"] for row in run.catalogue] == sorted(
        (row["product_id"] for row in products()), key=lambda product_id: product_id.encode()
    )
    titles = {row["product_id"]: row["title"] for row in products()}
    assert all((row["title"], row["text"]) == (titles[row["product_id"]],) * 2 for row in run.catalogue)
    assert run.facts == {
        "counts": {"products": 24, "distinct_texts": 12, "judgements": len(rows) + 4},
        "examples": {split: len(queries) for split, queries in expected.items()},
    }
    assert run.quarantine_counts == {
        "table": "judgements",
        "rows": len(rows) + 4,
        "good": len(rows),
        "bad": {"blank_query": 2, "unknown_product": 2},
        "set_aside": {},
        "notes": [],
    }
    found = sorted(run.quarantined, key=lambda line: (line["reason"], line["row"]["relevance"]))
    assert [line["reason"] for line in found] == ["blank_query"] * 2 + ["unknown_product"] * 2
    assert {line["table"] for line in found} == {"judgements"}
    assert all(line["detail"] for line in found)
    assert found[2]["row"] == {"query": "tea", "product_id": "�", "relevance": 0.25}
    assert found[3]["row"] == bad[2]


def test_test_queries_have_perturbed_copies_that_are_queries_of_no_other_split(tmp_path: Path) -> None:
    # Both orders of two words are asked, so that copies with the order turned round are queries themselves.
    turned = [
        {"query": query, "product_id": "007", "relevance": 1.0}
        for number in range(30)
        for query in (f"a{number} b{number}", f"b{number} a{number}")
    ]
    options = SearchExamplesOptions(queries=QueryOptions(eval_fraction=0.2, test_fraction=0.7))
    run = run_search_examples(tmp_path, products(), judge(120) + turned, options=options)
    check_splits_are_apart(run, options)
    reversed_queries = {" ".join(reversed(query.split())) for query in run.asked("test") if query[0] in "ab"}
    assert reversed_queries & set(run.asked("eval"))
    copies = [query for query in run.queries["test"] if not query.headline]
    assert {query.slice for query in copies} == set(EVALUATION_PERTURBATIONS)
    assert all(query.headline for split in ("train", "eval") for query in run.queries[split])
    judged = defaultdict(list)
    for query, relevance in run.asked("test").items():
        judged[frozenset(relevance.items())].append(query)
    for copy in copies:
        texts = judged[frozenset(copy.relevance.items())]
        originals = [query_words(query) for query in texts]
        words = query_words(copy.query)
        if copy.slice == "case":
            assert words in originals
            assert copy.query not in texts
        elif copy.slice == "dropped":
            assert any(len(words) < len(own) and set(words) < set(own) for own in originals)
        elif copy.slice == "reordered":
            assert words[::-1] in originals
            assert words != words[::-1]
        else:
            assert copy.slice == "typo"
            assert any(sum(map(str.__ne__, words, own)) == 1 and len(words) == len(own) for own in originals)


def test_too_many_unknown_products(tmp_path: Path) -> None:
    rows = judge(12)
    unknown = [row | {"product_id": "nobody sells it"} for row in rows[:8]]
    share = 8 / (len(rows) + 8)
    with pytest.raises(InputError) as raised:
        run_search_examples(tmp_path, products(), rows + unknown, options=OPTIONS)
    message = str(raised.value)
    assert (
        f"8 of {len(rows) + 8} rows ({share:.1%}) name a product_id that table `products` lacks; 20.0% may" in message
    )
    assert "Unknown are `nobody sells it`; table `products` has `" in message
    assert "limits.max_unknown_product_fraction" in message
    assert "\n" not in message


def test_events_that_miss_all_products_are_told_with_ids(tmp_path: Path) -> None:
    events = ask({f"{KINDS[number % 8]} {number}": {"P-2": 2} for number in range(40)})
    run = run_search_examples(tmp_path, products(), judge(), events, options=OPTIONS)
    (note,) = run.quarantine_counts["notes"]
    assert note.startswith("Table `events`: 80 of the 80 events with a query name a product_id that table `products` ")
    assert "Ids are `P-2` in `events`, and ` padded `, `" in note
    with pytest.raises(
        InputError, match=r"Search has no query to train on: 0 queries were found in all\. Table `events`"
    ):
        run_search_examples(tmp_path / "alone", products(), None, events, options=OPTIONS)


def ask(clicks: dict[str, dict[str, int]]) -> Rows:
    """Events with a query: how often each product was taken after it."""
    return [
        {"user_id": "u", "event_type": "view", "timestamp": 5, "query": query, "product_id": product}
        for query, own in clicks.items()
        for product, count in own.items()
        for _ in range(count)
    ]


CLICKS = {f"{KINDS[number % 8]} {number}": {"007": 1 + number % 4, "p20": 2, "a": 1} for number in range(40)}


def test_the_most_frequent_product_of_an_asked_query_gets_one(tmp_path: Path) -> None:
    others = [
        {"user_id": "u", "event_type": "view", "timestamp": 1, "query": None, "product_id": "a"},
        {"user_id": "u", "event_type": "view", "timestamp": 1, "query": " ", "product_id": "a"},
        {"user_id": "u", "event_type": "view", "timestamp": 1, "query": "milk 0", "product_id": "nobody sells it"},
    ]
    events = ask(CLICKS)
    run = run_search_examples(tmp_path, products(), events=events + others, options=OPTIONS)
    expected = {
        query: {product: pytest.approx(count / max(own.values())) for product, count in own.items()}
        for query, own in CLICKS.items()
    }
    assert asked(run) == by_split(expected, OPTIONS)
    counts = run.facts["counts"]
    assert (counts["events_with_query"], counts["unknown_product_events"]) == (len(events) + 1, 1)
    assert "made_queries" not in counts
    assert run.quarantine_counts == {
        "table": "judgements",
        "rows": 0,
        "good": 0,
        "bad": {},
        "set_aside": {},
        "notes": [
            f"Table `events`: 1 of the {len(events) + 1} events with a query name a product_id that table `products` "
            "lacks, so search learns nothing from them."
        ],
    }


def test_a_judgement_overrides_events_of_the_same_pair(tmp_path: Path) -> None:
    judged = [
        {"query": "milk 0", "product_id": "007", "relevance": 0.25},
        {"query": "milk 8", "product_id": "p21", "relevance": 0.75},
    ]
    run = run_search_examples(tmp_path, products(), judged, ask(CLICKS), OPTIONS)
    found = {query: relevance for split in run.queries for query, relevance in run.asked(split).items()}
    assert found["milk 0"] == {"007": 0.25, "p20": 1.0, "a": 0.5}
    assert found["milk 8"] == {"007": 0.5, "p20": 1.0, "a": 0.5, "p21": 0.75}
    assert set(found) == set(CLICKS)


SHORT_TITLES = [f"a{number}" for number in range(20)]


def many_products() -> Rows:
    """Sixty titles of three words, each of two products, and some titles that little can be made of."""
    kinds = [f"{colour} {kind} {number}" for colour in ("red", "green", "large") for number, kind in enumerate(KINDS)]
    kinds += [f"{kind} {number}kg boxed" for number, kind in enumerate(KINDS * 4)] + ["tea", "茶", "?!", "全脂牛奶"]
    kinds += SHORT_TITLES
    return [{"product_id": f"{number}", "title": kinds[number % len(kinds)]} for number in range(2 * len(kinds))]


def test_queries_are_made_of_the_catalogue_where_nobody_asked(tmp_path: Path) -> None:
    rows = many_products()
    run = run_search_examples(tmp_path, rows, options=OPTIONS)
    check_splits_are_apart(run, OPTIONS)
    groups = defaultdict(set)
    for row in rows:
        groups[row["title"]].add(row["product_id"])
    for split, queries in run.queries.items():
        assert queries
        allowed = {"training"} if split == "train" else set(EVALUATION_PERTURBATIONS)
        assert {query.slice for query in queries} <= allowed
        for query in queries:
            assert query.headline
            assert set(query.relevance.values()) == {1.0}
            for title, same in groups.items():
                # All products of a title answer, or none.
                assert same <= set(query.relevance) or not same & set(query.relevance), title
    assert run.facts["examples"] == {split: len(queries) for split, queries in run.queries.items()}
    assert run.facts["counts"]["made_queries"] > len(groups)
    assert not any(query.query in ("", "?!") for queries in run.queries.values() for query in queries)
    # Each is perturbed as its slice says; one character cannot be.
    assert not any(
        query.query in groups or query.query == "茶" for split in ("eval", "test") for query in run.queries[split]
    )
    # What is made of these to train on and to evaluate on is the same query; its hash says what it is for.
    found = {
        split: {title for title in SHORT_TITLES if title in map(normalized, run.asked(split))} for split in run.queries
    }
    assert found == {split: set(own) for split, own in by_split(dict.fromkeys(SHORT_TITLES), OPTIONS).items()}


def test_made_queries_beside_asked_ones(tmp_path: Path) -> None:
    options = with_queries(pseudo_queries="always")
    # One of the asked queries is a title as well: what was said of it counts.
    rows = [*judge(), {"query": "tea", "product_id": "0", "relevance": 0.25}]
    run = run_search_examples(tmp_path, many_products() + products(), rows, options=options)
    found = {query.query: query for split in run.queries for query in run.queries[split] if query.headline}
    assert {query: found[query].relevance for query in means(rows)} == means(rows)
    assert {found[query].slice for query in means(rows)} == {"asked"}
    assert len(found) > len(means(rows))
    check_splits_are_apart(run, options)


def test_no_query_at_all_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no query to train on: 0 queries .*`tasks.search.queries.pseudo_queries: al"):
        run_search_examples(tmp_path, products(), options=with_queries(pseudo_queries="never"))
    with pytest.raises(InputError, match="Table `products` has no good row"):
        run_search_examples(tmp_path / "empty", [], options=OPTIONS, files=0)


def test_one_product(tmp_path: Path) -> None:
    (only,) = rows = products(1)
    few = r"Search has no query to \w+ on: \d+ queries were found in all\. Give more .*, or "
    for pseudo_queries, advice in {"auto": "set .*pseudo_queries: always", "always": "raise .*eval_fraction"}.items():
        options = with_queries(pseudo_queries=pseudo_queries)
        with pytest.raises(InputError, match=few + advice):
            run_search_examples(tmp_path / pseudo_queries, [only | {"title": "tea"}], options=options)
    judgements = [
        {"query": f"tea {number}", "product_id": only["product_id"], "relevance": 1.0} for number in range(30)
    ]
    run = run_search_examples(tmp_path / "judged", rows, judgements, options=OPTIONS)
    assert [row["product_id"] for row in run.catalogue] == [only["product_id"]]
    assert all(query.relevance == {only["product_id"]: 1.0} for own in run.queries.values() for query in own)


def test_the_first_evaluation_queries_by_hash_are_taken(tmp_path: Path) -> None:
    options = with_queries(max_evaluation_queries=3)
    rows = judge()
    run = run_search_examples(tmp_path, products(), rows, options=options)
    for split, own in by_split(means(rows), options).items():
        first = sorted(own, key=lambda query: hashlib.sha256(normalized(query).encode()).digest())
        assert set(run.asked(split)) == set(first if split == "train" else first[:3])
        assert run.facts["examples"][split] == len(run.asked(split))


def test_row_order_and_files_change_nothing(tmp_path: Path) -> None:
    rows, events, options = judge(copies=3), ask(CLICKS), with_queries(pseudo_queries="always")
    first = run_search_examples(tmp_path / "a", products(), rows, events, options)
    again = run_search_examples(tmp_path / "b", products()[::-1], rows[::-1], events[::-1], options, files=3)
    assert first.records() == again.records()
    assert repr(first.catalogue) == repr(again.catalogue)
    assert first.facts == again.facts


def test_made_queries_come_from_the_seed_and_the_text() -> None:
    def make(seed: int, texts: list[tuple[str, list[int]]]) -> set[tuple[Any, ...]]:
        made = MakeQueries(seed, per_text=3, usual=frozenset(KINDS), buckets=3).process(texts)
        tables = [from_bytes(each[1]) for each in made if isinstance(each, tuple)]
        return {tuple(row.values()) for table in tables for row in table.to_pylist()}

    texts = [(f"{kind} {number} kg organic", [number]) for number, kind in enumerate(KINDS * 3)]
    assert make(0, texts) == make(0, texts[::-1]) == make(0, texts[:9]) | make(0, texts[9:])
    assert make(0, texts) != make(1, texts)


def test_odd_ids_and_queries_come_back_as_they_are(tmp_path: Path) -> None:
    asked_queries = [f"{text} {number}" for number in range(12) for text in ("牛奶", "🛒 é", '"a/b\\c"', "line break")]
    rows = [
        {"query": query, "product_id": IDS[number % len(IDS)], "relevance": 1.0}
        for number, query in enumerate(asked_queries)
    ]
    garbled = {"query": b"\xffmilk", "product_id": "a", "relevance": 1.0}
    untidy = (
        [garbled] + [row | {"query": "\n" + row["query"].replace(" ", " \0\t") + " "} for row in rows[::2]] + rows[1::2]
    )
    run = run_search_examples(tmp_path, products(), untidy, options=OPTIONS)
    assert asked(run) == by_split(means([garbled | {"query": "�milk"}, *rows]), OPTIONS)
