"""Ten queries with the groups of their answers, for the report."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import tensorflow as tf

from components.search.judging.query_judge import unfiltered_inputs
from serving.graph.catalogue import CATEGORY_SEPARATOR
from serving.search.listing import GROUPED
from serving.signature_names import FILTERED
from trainer.search.queries import JudgedQueries

EXAMPLES = 10
SHOWN_TITLES = 3
_ASKED = "asked"
# What follows the name of a thing in most titles: a size, a colour, what comes with it.
_AFTER_THE_NAME = re.compile(r"[,;:(\[\d]|\s(?:with|for|in|-)\s", re.IGNORECASE)


def example_queries(queries: JudgedQueries, catalogue: pa.Table) -> tuple[str, list[str]]:
    """Returns where ten queries are from, and the queries.

    They are those of people where there are any, in the order of the split. Else they are what most products are: the
    deepest level of the category, or where there are no categories the last two words of the name in the title.

    Args:
        queries: The test split.
        catalogue: Columns title and category.
    """
    asked = [
        query
        for query, made_as, counts in zip(queries.queries, queries.slices, queries.headline.tolist(), strict=True)
        if counts and made_as == _ASKED
    ]
    if asked:
        return "asked by people, of the test split", list(dict.fromkeys(asked))[:EXAMPLES]
    categories = [category for category in catalogue["category"].to_pylist() if category]
    if categories:
        return "the most common categories", _most_common(
            [category.split(CATEGORY_SEPARATOR)[-1].strip() for category in categories]
        )
    names = [_AFTER_THE_NAME.split(title or "")[0].split()[-2:] for title in catalogue["title"].to_pylist()]
    return "the most common ends of names in titles", _most_common([" ".join(name) for name in names if len(name) == 2])


def example_groups(model: Any, source: str, queries: Sequence[str]) -> dict[str, Any]:
    """Asks a model and returns the groups of its answers, as JSON can hold them.

    Args:
        model: A loaded search model with the signature `filtered`.
        source: Where the queries are from.
        queries: Some queries.

    Returns:
        `source` and `answers`, each with its `query` and `groups`, each of those with its `label`, its number of
        `products` and its first `titles`.
    """
    answers = []
    for query in queries:
        inputs = unfiltered_inputs([query], GROUPED)
        found = model.signatures[FILTERED](**{name: tf.constant(value) for name, value in inputs.items()})
        columns = (found[name].numpy()[0].tolist() for name in ("cluster_ids", "cluster_labels", "titles"))
        groups: dict[int, dict[str, Any]] = {}
        for number, label, title in zip(*columns, strict=True):
            if number < 0:
                continue
            group = groups.setdefault(number, {"label": label.decode("utf-8", "replace"), "products": 0, "titles": []})
            group["products"] += 1
            group["titles"] += [title.decode("utf-8", "replace")] if len(group["titles"]) < SHOWN_TITLES else []
        answers.append({"query": query, "groups": [groups[number] for number in sorted(groups)]})
    return {"source": source, "answers": answers}


def _most_common(names: Sequence[str]) -> list[str]:
    counts = Counter(name for name in names if name)
    # Of names that are as common the first by their letters, so that nothing depends on the order of products.
    return sorted(counts, key=lambda name: (-counts[name], name))[:EXAMPLES]
