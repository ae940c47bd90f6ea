"""`report.html`: one self-contained page over all tasks of a run."""

from importlib.resources import files
from pathlib import Path

import jinja2

from tfx_pipeline.figures.blocks import Figure
from tfx_pipeline.figures.charts import durations_chart
from tfx_pipeline.report.opinions import opinion_blocks
from tfx_pipeline.report.sections import drift_table, inputs_table, node_costs_table, task_sections
from tfx_pipeline.summary.model import RunSummary

FILE_NAME = "report.html"


def write_report(root: Path, summary: RunSummary) -> Path:
    """Writes the page of a summary under `root`, whole or not at all, and returns where it is.

    The page holds its pictures and its style, and asks nothing of the network.
    """
    file = root / FILE_NAME
    partial = file.with_suffix(".partial")
    partial.write_text(render_report(summary, root), encoding="utf-8")
    partial.rename(file)
    return file


def render_report(summary: RunSummary, root: Path | None = None) -> str:
    """Returns the page as HTML.

    Args:
        summary: What the run did.
        root: The run's folder, with what tasks have published there; None where there is none to look at.
    """
    nodes = len(summary.seconds)
    # Everything that a user's tables or configuration may say is escaped.
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string((files("tfx_pipeline.report") / "report.html.jinja").read_text(encoding="utf-8"))
    return template.render(
        name=summary.config["name"],
        minutes=summary.total_seconds / 60,
        gibibytes=summary.peak_rss_bytes / 2**30,
        tables=inputs_table(summary),
        drift=drift_table(summary, root),
        notes=summary.notes,
        tasks=task_sections(summary, root),
        opinions=opinion_blocks(root),
        nodes=nodes,
        node_costs=node_costs_table(summary),
        durations=Figure(
            f"The longest of {nodes} nodes; those from the cache take nearly nothing.",
            durations_chart(summary.seconds),
        ),
    )
