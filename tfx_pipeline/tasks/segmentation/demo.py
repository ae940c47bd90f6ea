"""What the demo asks the segmentation."""

from pathlib import Path
from typing import TYPE_CHECKING

from tfx_pipeline.tasks.segmentation.segment_command import print_reasons, print_segments
from tfx_pipeline.tasks.segmentation.segment_products import recommend_to
from tfx_pipeline.terminal.console import console
from tfx_pipeline.terminal.histories import print_as_of, read_history

if TYPE_CHECKING:
    from serving.client import Shelfwise

_USER = "1"


def demonstrate(client: "Shelfwise", root: Path) -> None:
    """Prints the segment of a household, why, and what to offer such households."""
    history = read_history([], _USER, str(root / "data" / "events.parquet"))
    arguments = (history.product_ids, history.event_types, history.age_seconds)
    console.print(f"\nhousehold {_USER}, what it will spend in the next 8 weeks")
    print_as_of(history)
    answer = client.segment(*arguments)
    print_segments(answer)
    print_reasons(answer, client.explain_segment(*arguments))
    segment = answer.segments[0].label
    console.print(f"\nproducts to offer the segment {segment}")
    recommend_to(segment, root, k=5, as_json=False)
