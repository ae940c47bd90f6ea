"""The command `campaign`, with its options. It loads neither TFX nor a model."""

from pathlib import Path
from typing import Annotated

import typer

from components.errors import InputError
from tfx_pipeline.terminal.options import AsJson, Root

app = typer.Typer()


@app.command()
def campaign(
    offer: Annotated[str | None, typer.Option(help="Id of the offer to plan a campaign for.")] = None,
    budget: Annotated[float | None, typer.Option(min=0.0, help="What addressing customers may cost in all.")] = None,
    cost: Annotated[float, typer.Option(min=1e-9, help="What addressing one customer costs.")] = 1.0,
    value: Annotated[
        float | None, typer.Option(min=1e-9, help="What a response is worth; whom the offer costs more is left out.")
    ] = None,
    control: Annotated[
        float, typer.Option(min=0.0, max=0.9, help="Share of the chosen who are left out at random, as a control.")
    ] = 0.1,
    campaign_id: Annotated[str | None, typer.Option("--name", help="Name of the campaign.")] = None,
    out: Annotated[Path | None, typer.Option(help="Parquet file to write; else below --root.")] = None,
    root: Root = Path("runs/default"),
    results: Annotated[
        str | None, typer.Option(help="Instead: a campaign's file with what came of each row; says what it brought.")
    ] = None,
    outcome: Annotated[str, typer.Option(help="With --results: the column that says who responded.")] = "clicked",
    sales: Annotated[str | None, typer.Option(help="With --results: the column with the sales of each row.")] = None,
    control_name: Annotated[
        str, typer.Option(help="With --results: the treatment of those who were left out.")
    ] = "control",
    as_json: AsJson = False,
) -> None:
    """Choose whom to address with an offer, with a control group; or say what a campaign brought."""
    from tfx_pipeline.tasks.response.campaign import command
    from tfx_pipeline.tasks.response.campaign.planning import Terms

    if results is not None:
        if offer is not None or budget is not None:
            raise InputError("expected --results FILE, or --offer ID with --budget N, got both")
        command.results(results, outcome, sales, control_name, as_json=as_json)
        return
    if offer is None or budget is None:
        raise InputError("expected --offer ID with --budget N, or --results FILE")
    terms = Terms(budget=budget, cost=cost, value=value, control=control)
    command.plan(root, offer, terms, campaign_id=campaign_id, out=out, as_json=as_json)
