"""What searches showed becomes relevance, whatever the place."""

from pathlib import Path

import pytest

from components.search.examples.options import QueryOptions, SearchExamplesOptions
from tests.components.search.examples.examples_runs import run_search_examples


def test_what_was_clicked_far_down_counts_more(tmp_path: Path) -> None:
    """The second place is looked at half as often; tea and pot swap places, and each is clicked when looked at."""
    products = [{"product_id": name, "title": f"{name} thing"} for name in ("tea", "pot", "cup")]
    shown = [
        {"query": query, "product_id": product, "position": place, "clicked": int(clicked), "shown_at": 1}
        for query, first, second in (("thing", "tea", "pot"), ("things", "pot", "tea"), ("other", "tea", "cup"))
        for number in range(40)
        for product, place, clicked in (
            # One time in ten the other way round.
            (first if number % 10 else second, 0, True),
            (second if number % 10 else first, 1, number % 4 < 2),
        )
    ]
    shown += [{"query": "never", "product_id": "cup", "position": 0, "clicked": 0, "shown_at": 1}]
    shown += [{"query": None, "product_id": "cup", "position": 0, "clicked": 1, "shown_at": 1}]
    options = QueryOptions(pseudo_queries="always", eval_fraction=0.3, test_fraction=0.3, shown_outcome="clicked")
    run = run_search_examples(tmp_path, products, impressions=shown, options=SearchExamplesOptions(queries=options))
    found = {query: of for split in run.queries for query, of in run.asked(split).items()}
    assert run.facts["counts"]["impressions_with_query"] == 241
    assert "never" not in found
    assert found["thing"] == {"tea": pytest.approx(1.0, abs=0.15), "pot": pytest.approx(1.0, abs=0.15)}
    assert found["other"] == {"tea": pytest.approx(1.0, abs=0.15), "cup": pytest.approx(1.0, abs=0.15)}


def test_impressions_are_not_read_where_no_outcome_is_named(tmp_path: Path) -> None:
    products = [{"product_id": name, "title": f"{name} thing"} for name in ("tea", "pot", "cup")]
    shown = [{"query": "thing", "product_id": "tea", "position": 0, "clicked": 1, "shown_at": 1}]
    options = SearchExamplesOptions(queries=QueryOptions(pseudo_queries="always", eval_fraction=0.4, test_fraction=0.4))
    run = run_search_examples(tmp_path, products, impressions=shown, options=options)
    assert "impressions_with_query" not in run.facts["counts"]
