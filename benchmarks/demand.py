"""Weekly demand of 2,000 products and of categories: the task's own model and training beside its baselines.

    python benchmarks/demand.py --data ../shared/data [--origins 36,40,44,48] [--parts calendar,without,categories]
        [--peers/--no-peers] [--set training.epochs=6 …] [--seed 0]

Each model is trained on the weeks up to an origin and answers the 4 weeks after it; figures are over all origins. With
the calendar, the shares of stores that display or advertise a product in a week are known beforehand. Without it the
units alone, and as in the task what was paid, of which nobody knows the coming weeks': it stays what it was last.
Categories are learned from their own weeks. No test week is looked at in training.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
import typer
import yaml

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from components.demand.judging import baselines
from components.demand.judging.measures import demand_metrics, wrmsse
from components.demand.series.prices import relative_price
from trainer.demand.options import MEDIAN, DemandOptions
from trainer.demand.product_facts import product_facts
from trainer.demand.series import DemandSeries, Floats
from trainer.demand.training import ask, train_demand

HORIZON, STORES = 4, 115
OURS = "this model"


class Data(NamedTuple):
    """Series, their revenue `(series, weeks)`, and where they stand in the folder of the data."""

    series: DemandSeries
    revenue: Floats


def main(
    data: Annotated[Path, typer.Option(help="Folder with demand/.")],
    origins: Annotated[str, typer.Option(help="Weeks that are past, with commas.")] = "36,40,44,48",
    parts: Annotated[str, typer.Option(help="Of calendar, without, categories.")] = "calendar,without,categories",
    peers: Annotated[bool, typer.Option(help="Also the baselines.")] = True,
    overrides: Annotated[list[str], typer.Option("--set", help="An option of training, as in training.epochs=6.")] = [],  # noqa: B006
    seed: int = 0,
) -> None:
    """Trains and judges the model of each part at each origin."""
    print_machine("tensorflow", "keras", "scikit-learn", "statsforecast")
    options = with_overrides(DemandOptions(), overrides)
    chosen = [int(origin) for origin in origins.split(",")]
    figures: dict[str, float | None] = {}
    for part in parts.split(","):
        file = "category" if part == "categories" else "product"
        read = load(data / "demand" / f"cj_weekly_{file}.parquet", planned=part == "calendar")
        scores = judged(read, chosen, options, seed=seed, peers=peers)
        for name, metrics in scores.items():
            shown = "  ".join(
                f"{key} {metrics[key]:.4f}" for key in ("wape", "wrmsse", "pinball_50", "pinball_90", "below_90")
            )
            print(f"{part:<11} {name:<18} {shown}  {metrics['seconds']:.0f} s", flush=True)
        figures |= named(part, scores[OURS])
        for name, metrics in scores.items():
            if name != OURS:
                figures |= {f"{key}_{name}": value for key, value in named(part, metrics).items()}
    print_figures(figures)


def named(part: str, metrics: dict[str, float]) -> dict[str, float | None]:
    """Returns the figures of a part by the names that they are known by."""
    if part == "calendar":
        return {name: metrics[name] for name in ("wape", "pinball_90", "below_90", "wrmsse")}
    if part == "without":
        return {f"{name}_without": metrics[name] for name in ("wape", "pinball_90", "below_90")}
    return {f"{name}_categories": metrics[name] for name in ("wape", "wrmsse", "pinball_90")}


def load(file: Path, *, planned: bool) -> Data:
    """Reads weekly units and, if `planned`, the shares of stores with a display and with an advertisement."""
    rows = pd.read_parquet(file)

    def weekly(column: str) -> Floats:
        return rows.pivot(index="unique_id", columns="week", values=column).to_numpy(np.float32)

    units = weekly("y")
    revenue = weekly("revenue")
    with np.errstate(all="ignore"):
        prices = np.where(revenue > 0, revenue / units, np.nan)
    covariates = [relative_price(prices, units.shape[1])]
    if planned:
        covariates += [weekly(name) / STORES for name in ("n_display", "n_mailer")]
    products = len(units) if "product" in file.name else 0
    number = np.arange(len(units)) if products else np.full(len(units), -1)
    return Data(DemandSeries(number, units, np.stack(covariates, axis=-1), carried=(0,)), revenue)


def judged(
    data: Data, origins: list[int], options: DemandOptions, *, seed: int, peers: bool
) -> dict[str, dict[str, float]]:
    """Returns the metrics of each system over all origins."""
    found: dict[str, list[Floats]] = {}
    seconds: dict[str, float] = {}
    errors: dict[str, list[float]] = {}
    true = []
    for origin in origins:
        series = data.series
        true.append(series.units[:, origin : origin + HORIZON])
        for name, answer in answers(series, origin, options, seed=seed, peers=peers).items():
            started = time.monotonic()
            quantiles = answer()
            seconds[name] = seconds.get(name, 0.0) + time.monotonic() - started
            found.setdefault(name, []).append(quantiles)
            revenue = data.revenue[:, origin - HORIZON : origin].sum(1)
            past = series.units[:, :origin]
            errors.setdefault(name, []).append(wrmsse(quantiles[..., MEDIAN], true[-1], past, revenue))
            if name == OURS:
                print(
                    f"  origin {origin}: wape {demand_metrics(quantiles, true[-1])['wape']:.4f}, {seconds[name]:.0f} s",
                    flush=True,
                )
    scores = {}
    for name, quantiles in found.items():
        metrics = demand_metrics(np.concatenate(quantiles), np.concatenate(true))
        known = {key: float("nan") if value is None else value for key, value in metrics.items()}
        scores[name] = {**known, "wrmsse": float(np.mean(errors[name])), "seconds": seconds[name]}
    return scores


def answers(
    series: DemandSeries, origin: int, options: DemandOptions, *, seed: int, peers: bool
) -> dict[str, Callable[[], Floats]]:
    """Returns a function for each system that answers the quantiles after a week."""
    rows, weeks = np.arange(len(series)), np.full(len(series), origin)
    past = series.units[:, :origin]

    def ours() -> Floats:
        products = int(series.product.max()) + 1
        facts = product_facts(series, None, products, origin, options.network.text_width)
        trained = train_demand(series, facts, options, before=origin, seed=seed, log_uri=tempfile.mkdtemp())
        return ask(trained.network, series, rows, weeks, options)

    asked = {OURS: ours}
    if peers:
        asked |= {
            baselines.LAST_WEEK: lambda: baselines.last_week(past, HORIZON),
            baselines.MEDIAN_OF_8: lambda: baselines.median_of_8(past, HORIZON),
            baselines.TSB: lambda: baselines.statistical(past, HORIZON, baselines.TSB),
            baselines.AUTO_ETS: lambda: baselines.statistical(past, HORIZON, baselines.AUTO_ETS),
            baselines.GRADIENT_BOOSTING: lambda: baselines.GradientBoosting(series, origin, HORIZON).quantiles(
                rows, weeks
            ),
        }
    return asked


def with_overrides(options: DemandOptions, overrides: list[str]) -> DemandOptions:
    """Returns options with some of them changed, as in `training.epochs=6`."""
    values = options.model_dump()
    for override in overrides:
        path, _, value = override.partition("=")
        *groups, name = path.split(".")
        target = values
        for group in groups:
            target = target[group]
        target[name] = yaml.safe_load(value)
    return DemandOptions.model_validate(values)


if __name__ == "__main__":
    typer.run(main)
