"""`report.html`: one self-contained page over all tasks of a run."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from tfx_pipeline.figures.charts import durations_chart
from tfx_pipeline.figures.tables import inputs_table
from tfx_pipeline.report.sections import Figure, task_sections
from tfx_pipeline.tasks.segmentation.segment_files import read_segment_files

FILE_NAME = "report.html"
_NO_SEGMENTS: Mapping[str, Any] = {}


def write_report(root: Path, summary: Mapping[str, Any]) -> Path:
    """Writes the page of a summary under `root`, whole or not at all, and returns where it is.

    The page holds its pictures and its style, and asks nothing of the network.
    """
    file = root / FILE_NAME
    partial = file.with_suffix(".partial")
    partial.write_text(render_report(summary, read_segment_files(root)), encoding="utf-8")
    partial.rename(file)
    return file


def render_report(summary: Mapping[str, Any], segments: Mapping[str, Any] = _NO_SEGMENTS) -> str:
    """Returns the page as HTML.

    Args:
        summary: What `tfx_pipeline.running.summary_builder.build_summary` made.
        segments: What `tfx_pipeline.tasks.segmentation.segment_files.read_segment_files` returns.
    """
    nodes = len(summary["seconds"])
    # Everything that a user's tables or configuration may say is escaped.
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string((files("tfx_pipeline.report") / "report.html.jinja").read_text(encoding="utf-8"))
    return template.render(
        name=summary["config"]["name"],
        minutes=summary["total_seconds"] / 60,
        gibibytes=summary["peak_rss_bytes"] / 2**30,
        tables=inputs_table(summary),
        tasks=task_sections(summary, segments),
        nodes=nodes,
        durations=Figure(
            f"The longest of {nodes} nodes; those from the cache take nearly nothing.",
            durations_chart(summary["seconds"]),
        ),
    )
