"""The commands that keep models up to date; they load TFX only where there is something to do."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from serving.model_names import RECOMMENDATION_MODEL
from serving.quiet_import import quiet_import
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.running.signals import ended_as_by_ctrl_c
from tfx_pipeline.terminal.console import console, plain_table
from tfx_pipeline.terminal.exit_codes import EXIT_REFUSED
from tfx_pipeline.terminal.logs import logs_in
from tfx_pipeline.terminal.options import Root

app = typer.Typer()


@app.command()
def update(
    root: Root = Path("runs/default"),
    tasks: Annotated[str, typer.Option(help="Comma-separated names of the tasks to update; all by default.")] = "",
    counts: Annotated[
        bool,
        typer.Option("--counts", help="Only renew sales, season, rules and stock of the recommender; no training."),
    ] = False,
) -> None:
    """Make new versions of pushed models from what is new in the tables, starting from what was learned before."""
    if counts:
        _update_counts(root, tasks)
        return
    from tfx_pipeline.updates.update import update_models

    summary = update_models(root, [name for name in tasks.split(",") if name])
    if summary is None:
        console.print("nothing is new: each model was made from the tables as they are")
        return
    from tfx_pipeline.running.summary_table import print_summary

    print_summary(summary, root)
    if not summary.blessed:
        raise typer.Exit(EXIT_REFUSED)


@app.command()
def watch(
    every: Annotated[str, typer.Option(help="From one update to the next: 30m, 6h or 1d.")] = "1d",
    root: Root = Path("runs/default"),
    tasks: Annotated[str, typer.Option(help="Comma-separated names of the tasks to update; all by default.")] = "",
) -> None:
    """Update at once and then every so often, until Ctrl-C; what is new in between is picked up by the next one."""
    from tfx_pipeline.summary.state import state_of_run
    from tfx_pipeline.updates import watch as watching

    seconds = watching.seconds_between(every)
    # What can never be updated is told now, and not each time.
    state_of_run(root)
    with contextlib.suppress(KeyboardInterrupt), ended_as_by_ctrl_c():
        watching.watch(root, seconds, tasks)


Model = Annotated[str, typer.Argument(help="Name of the model.")]
Because = Annotated[str, typer.Option(help="Why; it is logged.")]
By = Annotated[str, typer.Option(help="Who decides; else the user of this machine.")]


@app.command()
def waiting(root: Root = Path("runs/default")) -> None:
    """Show what waits for approval, with the answers of the served and the waiting version side by side."""
    with logs_in(root / "logs" / "waiting.log"):
        from tfx_pipeline.updates.decisions import waiting_versions
        from tfx_pipeline.updates.side_by_side import side_by_side

        found = {
            model: (part.pushed, side_by_side(model, part, served))
            for model, (part, served) in waiting_versions(root.resolve()).items()
        }
    for model, (folder, answers) in found.items():
        console.print(f"{model} waits in {folder}")
        table = plain_table("asked", "served", "waiting")
        for each in answers:
            table.add_row(each.asked, "\n".join(each.served), "\n".join(each.waiting), end_section=True)
        if answers:
            console.print(table)
    if not found:
        console.print("nothing waits for approval")


@app.command()
def approve(model: Model, because: Because, root: Root = Path("runs/default"), by: By = "") -> None:
    """Serve a model that waits, where `gate.approval` is manual."""
    with quiet_import():
        from tfx_pipeline.updates import decisions

    console.print(f"{model} pushed to {decisions.approve(root.resolve(), model, because, by)}")


@app.command()
def reject(model: Model, because: Because, root: Root = Path("runs/default"), by: By = "") -> None:
    """Remove a model that waits; what is served stays."""
    with quiet_import():
        from tfx_pipeline.updates import decisions

    console.print(f"{model} removed from {decisions.reject(root.resolve(), model, because, by)}")


@app.command()
def rollback(
    model: Model,
    because: Because,
    root: Root = Path("runs/default"),
    to: Annotated[int | None, typer.Option(help="The version; else the one before the newest.")] = None,
    by: By = "",
) -> None:
    """Serve an earlier version once more, as a new one; the next update starts from what it was made with."""
    with quiet_import():
        from tfx_pipeline.updates import decisions

    console.print(f"{model} pushed to {decisions.rollback(root.resolve(), model, because, by, to)}")


def _update_counts(root: Path, tasks: str) -> None:
    from tfx_pipeline.updates.update import update_counts

    if tasks not in ("", RECOMMENDATION_MODEL):
        raise ConfigError(f"--tasks {tasks}: only {RECOMMENDATION_MODEL} counts anything; leave --tasks out")
    found = update_counts(root)
    if found is None:
        console.print("nothing is new: the counts are those of the tables as they are")
        return
    for reason in found.refused_because:
        console.print(f"refused: {reason}")
    if found.pushed is None:
        raise typer.Exit(EXIT_REFUSED)
    console.print(f"{RECOMMENDATION_MODEL} pushed to {found.pushed}")
