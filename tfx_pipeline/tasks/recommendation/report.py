"""What the report says of rules."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfx_pipeline.figures.blocks import Block, Figure
from tfx_pipeline.figures.tables import Cell, Table, in_words, words_cell
from tfx_pipeline.tasks.recommendation.rules_network import rules_network

# Rules of a level in the table, and what is shown of them; the network has all that the summary holds.
_MOST_RULES = 15
_RULE_FIGURES = {"count": "{:,}", "confidence": "{:.3f}", "lift": "{:.2f}", "q_value": "{:.2g}"}


def rule_blocks(mined: Mapping[str, Any]) -> list[Block]:
    """Returns the strongest rules of each level that has any, as a table and a network.

    Args:
        mined: What the summary says of rules; empty where none were mined.
    """
    return [
        Block(
            f"Strongest rules of {level} level",
            rules_table(rules),
            Figure(
                f"The strongest rules of {level} level: from what is bought to what goes with it, wider by lift.",
                rules_network(rules),
            ),
        )
        for level, rules in mined.get("strongest", {}).items()
        if rules
    ]


def rules_table(rules: Sequence[Mapping[str, Any]]) -> Table:
    """Returns the first rules: what is bought, what goes with it, and their figures."""
    return Table(
        ["bought", "together with", *(in_words(name) for name in _RULE_FIGURES)],
        [
            [
                words_cell(" + ".join(rule["bought"])),
                words_cell(rule["together_with"][0]),
                *(Cell(form.format(rule[name])) for name, form in _RULE_FIGURES.items()),
            ]
            for rule in rules[:_MOST_RULES]
        ],
    )
