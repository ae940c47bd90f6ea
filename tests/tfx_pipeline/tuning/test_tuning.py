"""The search for options: what is proposed, what is noted, and that nothing is lost when it is stopped."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from components.errors import InputError
from tests.e2e.shop import write_config
from tests.trainer.classification.tiny_classifier import LABELS, made_texts
from tfx_pipeline.commands.cli import app
from tfx_pipeline.config.config import load_config
from tfx_pipeline.report.study import study_blocks, study_table
from tfx_pipeline.summary.study import Study, Trial, read_study
from tfx_pipeline.tasks.registry import TASKS
from tfx_pipeline.tasks.tuned_option import METHODS, TunedOption
from tfx_pipeline.tuning.proposals import Proposals, Values

OPTIONS = (
    TunedOption("rate", low=1e-4, high=1e-1, logarithmic=True),
    TunedOption("weights", choices=("none", "balanced")),
)


def score(values: Values) -> float:
    """Is highest where the rate is 0.01 and the weights are balanced."""
    rate = float(values["rate"])
    return 1.0 - abs(rate - 0.01) + 0.1 * (values["weights"] == "balanced")


def proposed(folder: Path, trials: int, method: str = "bayesian") -> list[Values]:
    proposals = Proposals(OPTIONS, trials, METHODS[method], epochs_key="epochs", seed=0, folder=folder)
    found = []
    for _ in range(trials):
        values = proposals.next()
        if values is None:
            break
        found.append(values)
        proposals.tell(score(values))
    return found


def test_equal_scores_give_equal_trials_so_a_study_can_be_gone_through_again(tmp_path: Path) -> None:
    found = proposed(tmp_path, 5)
    assert len(found) == 5
    assert found == proposed(tmp_path, 5)
    assert all(1e-4 <= float(values["rate"]) <= 1e-1 for values in found)
    assert {values["weights"] for values in found} <= {"none", "balanced"}


def test_hyperband_gives_trials_epochs(tmp_path: Path) -> None:
    found = proposed(tmp_path, 6, "hyperband")
    assert all(int(values["epochs"]) >= 1 for values in found)


def test_a_failed_trial_is_passed_over(tmp_path: Path) -> None:
    proposals = Proposals(OPTIONS, 3, "bayesian", epochs_key=None, seed=0, folder=tmp_path)
    assert proposals.next() is not None
    proposals.tell(None)
    values = proposals.next()
    assert values is not None
    proposals.tell(score(values))


def test_a_study_is_read_as_it_was_written_and_shows_the_best_first(tmp_path: Path) -> None:
    trials = [
        Trial(values={}, score=0.5, seconds=1.0),
        Trial(values={"rate": 0.01}, score=0.75, seconds=2.0),
        Trial(values={"rate": 0.1}, score=None, seconds=3.0, failure="no memory"),
    ]
    study = Study(task="classification", metric="fused.f1_macro", of="digest", trials=trials)
    study.write(tmp_path)
    again = read_study(tmp_path, "classification")
    assert again == study
    assert again.best == trials[1]
    assert again.found({"rate": 0.1}) == trials[2]
    assert again.found({"rate": 0.2}) is None
    rows = [[cell.text for cell in row] for row in study_table(again).rows]
    assert rows == [["0.7500", "2", "0.01"], ["0.5000", "1", "as configured"], ["–", "3", "0.1"]]
    assert len(study_blocks(tmp_path, "classification")) == 1
    assert study_blocks(tmp_path, "search") == study_blocks(None, "classification") == []


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    made = made_texts(300, 1)
    table = pd.DataFrame({"text": made.texts, "label": [LABELS[place] for place in made.labels]})
    table.to_parquet(folder / "texts.parquet")
    tasks = {"classification": {"backbone": "none", "gate": {"min_slice_texts": 10}}}
    return write_config(folder, tables={"texts": "texts.parquet"}, text=False, tasks=tasks)


def test_each_option_is_one_that_the_configuration_takes(config: Path) -> None:
    loaded = load_config(config)
    for backbone, training in (("none", "full"), ("some", "frozen"), ("some", "full")):
        options = loaded.tasks.classification.model_copy(update={"backbone": backbone, "text_training": training})
        for option in TASKS["classification"].tuned(options):
            for value in option.choices or (option.low, option.high):
                load_config(config, [f"tasks.classification.{option.key}={yaml.safe_dump(value).splitlines()[0]}"])


def test_a_wrong_task_and_a_file_elsewhere_are_refused(config: Path, tmp_path: Path) -> None:
    arguments = ["tune", "--config", str(config), "--root", str(tmp_path)]
    for more, message in ((["--task", "nothing"], "expected one of"), (["--out", str(tmp_path / "a.yaml")], "beside")):
        refused = CliRunner().invoke(app, [*arguments, *more])
        assert message in str(refused.exception)
    assert isinstance(CliRunner().invoke(app, [*arguments, "--method", "luck"]).exception, InputError)


@pytest.mark.long
def test_a_study_that_was_stopped_goes_on_and_loses_no_trial(config: Path, tmp_path: Path) -> None:
    arguments = ["tune", "--config", str(config), "--root", str(tmp_path)]
    # Of the first two only one begins, as the time is over.
    first = CliRunner().invoke(app, [*arguments, "--trials", "4", "--minutes", "0"])
    assert first.exit_code == 0, first.output
    stopped = read_study(tmp_path, "classification")
    assert [trial.values for trial in stopped.trials] == [{}]
    done = CliRunner().invoke(app, [*arguments, "--trials", "4"])
    assert done.exit_code == 0, done.output
    study = read_study(tmp_path, "classification")
    assert study.trials[0] == stopped.trials[0]
    assert len(study.trials) == 4
    best = max(trial.score for trial in study.trials)
    assert study.best.score == best >= study.trials[0].score
    tuned = load_config(config.with_name(f"{config.stem}-tuned.yaml")).tasks.classification
    for key, value in study.best.values.items():
        found = tuned
        for part in key.split("."):
            found = getattr(found, part)
        assert found == value
    # Nothing is left to do.
    again = CliRunner().invoke(app, [*arguments, "--trials", "4"])
    assert again.exit_code == 0, again.output
    assert read_study(tmp_path, "classification") == study
