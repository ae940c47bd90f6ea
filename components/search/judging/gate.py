"""What the gate of search says beyond the rules that it shares with other rankings."""

from components.gate.judgement import JudgedBy, Metrics
from components.search.judging.gate_options import SearchGateOptions

JUDGED_BY = JudgedBy("query", "queries", "no test query has a product that is relevant enough")


def index_refusals(recall: float | None, options: SearchGateOptions) -> list[str]:
    """Returns why an index of this recall is refused, a sentence a reason; none where it was not measured."""
    if recall is None or recall >= options.min_index_recall:
        return []
    return [
        f"The index finds {recall:.4f} of the ten nearest products; it should find {options.min_index_recall:.4f}. "
        "Raise `tasks.search.serving.index_recall` or `exact_limit`."
    ]


def index_notes(recall: float | None) -> list[str]:
    """Returns a sentence where the recall of the index was not measured."""
    return [] if recall is not None else ["The recall of the index was not measured: no query to ask."]


def query_tower_refusals(metrics: Metrics, full: Metrics, options: SearchGateOptions) -> list[str]:
    """Returns why a taught tower for queries is refused, a sentence a reason; none where no query can be judged.

    Args:
        metrics: Of the model as it is served.
        full: The same with queries read by the BERT that reads products.
        options: How much less NDCG there may be; a limit whatever the interval of the difference, unlike a baseline's.
    """
    metric = f"ndcg_at_{options.headline_k}"
    value, full_value = metrics[metric], full[metric]
    if value is None or full_value is None:
        return []
    least = full_value * (1.0 - options.max_query_tower_loss)
    if value >= least:
        return []
    return [
        f"{metric} is {value:.4f} with the taught tower for queries; it should be at least {least:.4f}, as the full "
        f"one has {full_value:.4f}. Set `tasks.search.training.query_layers` to some layers, or to 0."
    ]
