"""What matters to a model, as a table."""

from tfx_pipeline.figures.blocks import Block
from tfx_pipeline.figures.tables import Cell, Table, in_words, words_cell
from tfx_pipeline.summary.model import TaskSummary


def importance_blocks(summary: TaskSummary) -> list[Block]:
    """Returns a table of what matters; nothing where that was not measured."""
    found = summary.importance
    if found is None:
        return []
    rows = [
        [words_cell(in_words(part.name)), Cell(f"{part.mean:.4f}"), Cell(f"{part.deviation:.4f}")]
        for part in found.parts
    ]
    note = (
        f"How much worse {found.metric} gets where a part is shuffled among {found.examples:,} test examples, of which "
        f"the model has learned nothing: the mean and the standard deviation of {found.repeats} times. Unshuffled it "
        f"is {found.value:.4f}. Around 0 a part does not matter, or another one says the same."
    )
    return [Block("What matters overall", Table(["what the model reads", "loss", "deviation"], rows), note=note)]
