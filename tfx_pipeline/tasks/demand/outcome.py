"""What the terminal says of demand below the metrics."""

from tfx_pipeline.summary.model import TaskSummary

_RULE = "median_of_8_and_safety_stock"


def outcome_lines(summary: TaskSummary) -> list[str]:
    """Says how categories add up, what the simulation came to, and what alarms there are."""
    lines = []
    categories = summary.detail("categories")
    if categories and categories["wape"]["chosen"] is not None:
        shown = ", ".join(
            f"{name.replace('_', ' ')} {value:.4f}"
            for name, value in categories["wape"].items()
            if name != "chosen" and value is not None
        )
        lines.append(f"WAPE of categories: {shown}; taken is {categories['chosen'].replace('_', ' ')}")
    plan = summary.detail("plan")
    if plan:
        simulation = plan["simulation"]
        for name, shown in (("model", "ordering by the model"), (_RULE, "by the median of 8 weeks and a safety stock")):
            found = simulation[name]
            lines.append(
                f"{shown}: fill rate {found['fill_rate']:.1%}, {found['stock_days']:.1f} days of stock, "
                f"cost {found['cost']:,.0f} in {simulation['weeks']} weeks"
            )
        if plan["stock_known"]:
            alarms = ", ".join(f"{count:,} {name}" for name, count in plan["alarms"].items())
            lines.append(f"stock: {plan['orders']:,} to order, {alarms}, {plan['moves']:,} moves between stores")
    return lines
