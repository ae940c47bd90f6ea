"""What the shop should know of the segments: which of them nobody is in, and whose segment is not known."""

from collections.abc import Mapping, Sequence
from typing import Any

_SPLITS = {"train": "learn from", "test": "test with"}


def note_segments(made: Mapping[str, Any], definitions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names the segments that nobody can be in or is in, and counts the users that have none.

    Args:
        made: What WriteSegmentExamples counted, with the labels.
        definitions: What the tiers stand for; none for given segments.

    Returns:
        One sentence each.
    """
    closed = [each for each in definitions if each["from"] is not None and each["from"] == each["to"]]
    notes = [
        f"Nobody can be in the tier `{each['segment']}`: it begins and ends at a spend of {each['to']:,.2f}, as many "
        "users spend just that. Name fewer `tasks.segmentation.segments.tiers`, or set `cuts`."
        for each in closed
    ]
    impossible = {each["segment"] for each in closed}
    counts = made["counts"]
    for name in made["labels"]:
        lacking = [use for split, use in _SPLITS.items() if not counts.get(f"{split}: {name}", 0)]
        if lacking and name not in impossible:
            notes.append(f"Segment `{name}` has no user to {' and none to '.join(lacking)}.")
    if counts.get("without_segment"):
        notes.append(
            f"{counts['without_segment']:,} of the {counts['users']:,} users with events have no segment in table "
            "`users`: the model learns from the others."
        )
    return notes
