"""What the terminal says of gaps between groups, and of what is done about them."""

from tfx_pipeline.summary.model import TaskSummary

_SHOWN = 3


def gap_lines(summary: TaskSummary) -> list[str]:
    """Says which groups are served worse than all others beyond chance, the furthest first; nothing where none is."""
    short = [
        (gap["difference"], gap["low"], gap["high"], metric, name)
        for by_slice in (summary.detail("slice_gaps") or {}).values()
        for name, metrics in by_slice.items()
        for metric, gap in metrics.items()
        if gap["difference"] is not None and gap["difference"] < 0.0 and gap["beyond_chance"]
    ]
    lines = [
        f"{metric} of {name} is {-difference:.4f} below that of all others (95% interval {-high:.4f} to {-low:.4f}): "
        "more than chance"
        for difference, low, high, metric, name in sorted(short)[:_SHOWN]
    ]
    if len(short) > _SHOWN:
        lines.append(f"and {len(short) - _SHOWN} more such gaps; `slice_gaps` in summary.json has all")
    return lines


def exposure_lines(summary: TaskSummary) -> list[str]:
    """Says which brands, sellers and so on are shown more or less than they sell beyond chance, the furthest first."""
    apart = [
        (each["difference"], each["exposure"], each["events"], f"{column} {name}")
        for column, by_name in (summary.detail("exposure") or {}).items()
        for name, each in by_name.items()
        if name and each["beyond_chance"]
    ]
    return [
        f"answers give {name} {exposure:.1%} of the attention; it had {events:.1%} of the events: more than chance"
        for _, exposure, events, name in sorted(apart, key=lambda each: -abs(each[0]))[:_SHOWN]
    ]


def reweighting_lines(summary: TaskSummary) -> list[str]:
    """Says what weights of groups cost all, and what they do to the group that is served worst without them."""
    said = summary.detail("reweighting")
    if said is None:
        return []
    change, groups = said["accuracy_difference"], said["without"]["accuracy_of"]
    lines = [
        f"accuracy with `reweighting` by {said['column']}, against without: {change['mean']:+.4f} (95% interval "
        f"{change['low']:+.4f} to {change['high']:+.4f})"
    ]
    if groups:
        worst = min(groups, key=lambda name: groups[name])
        lines.append(
            f"accuracy of {said['column']}={worst}: {said['with']['accuracy_of'][worst]:.4f} with, {groups[worst]:.4f} "
            "without"
        )
    return lines
