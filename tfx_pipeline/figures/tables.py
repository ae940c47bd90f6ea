"""The tables of the report."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

# Metrics of which more is better whatever the others are.
_ACCURACIES = ("recall", "ndcg", "mrr", "accuracy", "f1", "auc")
# Rules of a level in the table, and what is shown of them; the network has all that the summary holds.
_MOST_RULES = 15
_RULE_FIGURES = {"count": "{:,}", "confidence": "{:.3f}", "lift": "{:.2f}", "q_value": "{:.2g}"}
_SHOWN_KINDS = 5
_UNKNOWN = "–"


class Cell(NamedTuple):
    """What a cell says, and how.

    Attributes:
        text: As it is shown.
        best: The largest of its row.
        words: Text, which may take several lines; a number does not.
    """

    text: str
    best: bool = False
    words: bool = False


class Table(NamedTuple):
    """Headings, and rows with a cell for each; the first cell names the row."""

    headings: list[str]
    rows: list[list[Cell]]


def metrics_table(systems: Mapping[str, Mapping[str, float | None]], metrics: Iterable[str]) -> Table:
    """Returns a row for each metric with its value by system; of an accuracy the largest is marked."""
    return Table(
        ["metric", *(in_words(system) for system in systems)],
        [[Cell(metric), *_metric_cells(metric, systems)] for metric in metrics],
    )


def profiles_table(profiles: Mapping[str, Any], vocabulary: Sequence[str]) -> Table:
    """Returns what the users of each segment are like, in the order of the vocabulary."""
    order = [*(name for name in vocabulary if name in profiles), *(name for name in profiles if name not in vocabulary)]
    return Table(
        ["segment", "users", "spend", "visits", "days since the last", "kinds, with their lift"],
        [[_words(name), *_profile_cells(profiles[name])] for name in order],
    )


def definitions_table(definitions: Iterable[Mapping[str, Any]]) -> Table:
    """Returns the spends of a period between which each segment lies."""
    return Table(
        ["segment", "spends more than", "up to"],
        [[_words(each["segment"]), *(_money(each[end]) for end in ("from", "to"))] for each in definitions],
    )


def rules_table(rules: Sequence[Mapping[str, Any]]) -> Table:
    """Returns the first rules: what is bought, what goes with it, and their figures."""
    return Table(
        ["bought", "together with", *(in_words(name) for name in _RULE_FIGURES)],
        [
            [
                _words(" + ".join(rule["bought"])),
                _words(rule["together_with"][0]),
                *(Cell(form.format(rule[name])) for name, form in _RULE_FIGURES.items()),
            ]
            for rule in rules[:_MOST_RULES]
        ],
    )


def inputs_table(summary: Mapping[str, Any]) -> Table:
    """Returns the tables that the run was given: rows read and kept, and refused rows by reason."""
    rows = []
    for name, counts in summary["tables"].items():
        # One that a task makes up for itself has a gate too.
        if summary["config"]["tables"][name] is None:
            continue
        bad = ", ".join(
            f"{count:,} {in_words(reason)}" for reason, count in summary["quarantine"].get(name, {}).items()
        )
        rows.append([Cell(name), Cell(f"{counts['rows']:,}"), Cell(f"{counts['good']:,}"), _words(bad or "none")])
    return Table(["table", "rows", "good", "quarantined"], rows)


def in_words(name: str) -> str:
    """Returns a name of ours as people write it."""
    return name.replace("_", " ")


def _metric_cells(metric: str, systems: Mapping[str, Mapping[str, float | None]]) -> list[Cell]:
    values = [metrics.get(metric) for metrics in systems.values()]
    known = [value for value in values if value is not None]
    compared = len(known) > 1 and any(name in metric for name in _ACCURACIES)
    return [
        Cell(_UNKNOWN) if value is None else Cell(f"{value:.4f}", best=compared and value == max(known))
        for value in values
    ]


def _profile_cells(profile: Mapping[str, Any]) -> list[Cell]:
    kinds = ", ".join(f"{kind['kind']} ({kind['lift']:.1f})" for kind in profile["kinds"][:_SHOWN_KINDS])
    return [
        Cell(f"{profile['users']:,} ({profile['share']:.0%})"),
        Cell(f"{profile['spend']:,.2f}"),
        Cell(f"{profile['visits']:.1f}"),
        Cell(f"{profile['days_since_last']:.0f}"),
        _words(kinds or _UNKNOWN),
    ]


def _money(value: float | None) -> Cell:
    return Cell(_UNKNOWN if value is None else f"{value:,.2f}")


def _words(text: str) -> Cell:
    return Cell(text, words=True)
