"""What the gate of search says beyond the rules that it shares with other rankings."""

from components.ranking_gate import JudgedBy
from components.search.gate_options import SearchGateOptions

JUDGED_BY = JudgedBy("query", "queries", "no test query has a product that is relevant enough")


def index_refusals(recall: float | None, options: SearchGateOptions) -> list[str]:
    """Returns why an index of this recall is refused, a sentence a reason; none where it was not measured."""
    if recall is None or recall >= options.min_index_recall:
        return []
    return [
        f"The index finds {recall:.4f} of the ten nearest products; it should find {options.min_index_recall:.4f}. "
        "Raise `tasks.search.serving.index_recall` or `exact_limit`."
    ]
