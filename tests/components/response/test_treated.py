"""A response model of treatments: trained, served, judged, and asked of everyone."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tfx.types import Artifact

from components.artifacts import OfferAnswers
from components.checks.response import failed_checks
from components.errors import InputError
from components.pushing.serving_validator import validate
from components.response.judging.gate_options import ResponseGateOptions
from components.response.offers.node import UserOffersExecutor
from tests.components.recommendation.trained_shop import artifact
from tests.components.response.shop import OPTIONS, ExamplesRun, Row, evaluate, impressions, run_examples, tables, train
from tests.components.tables.table_runs import beam_context
from tfx_pipeline.tasks.response.campaign.publishing import offers_by_segment, publish_offers
from trainer.artifacts.parquet_files import read_parquet
from trainer.response.options import ResponseNetworkOptions, UpliftOptions
from trainer.response.uplift.network import load_uplift

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

TREATED = OPTIONS.model_copy(
    update={
        "control": "control",
        "outcomes": ("clicked",),
        "split": OPTIONS.split.model_copy(update={"method": "random"}),
    }
)


def treated_impressions(chance: Any = 0.5, *, propensity: bool = True) -> list[Row]:
    """Impressions of which some were left out; who was shown an offer on a phone clicks .5 more often."""
    random = np.random.default_rng(7)
    rows = impressions()
    for row in rows:
        probability = chance(row) if callable(chance) else chance
        shown = bool(random.uniform() < probability)
        row["treatment"] = "mail" if shown else "control"
        row["propensity"] = (probability if shown else 1.0 - probability) if propensity else None
        clicked = bool(random.uniform() < 0.2 + 0.5 * (shown and row["device"] == "phone"))
        row |= {"clicked": int(clicked), "redeemed": 0, "responded_at": None}
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("treated")


@pytest.fixture(scope="module")
def made(folder: Path) -> ExamplesRun:
    return run_examples(folder / "examples", tables(treated_impressions()), TREATED)


@pytest.fixture(scope="module")
def trained(folder: Path, made: ExamplesRun) -> Artifact:
    small = ResponseNetworkOptions(networks=1, units=4, cross_layers=0, dropout=0.0)
    return train(folder, made, UpliftOptions(network=small, least_steps=20, batch_size=64, learning_rate=1e-2))


@pytest.mark.long
def test_uplift_is_judged_served_and_published(folder: Path, made: ExamplesRun, trained: Artifact) -> None:
    found, _ = evaluate(folder, made, trained, ResponseGateOptions(resamples=100))
    mail = found["uplift"]["treatments"]["mail"]
    assert mail["treated"] + mail["control"] == len(made.split("test"))
    # Half of the impressions are on a phone.
    assert mail["effect"]["low"] < 0.25 < mail["effect"]["high"]
    assert set(found["uplift"]["policies"]) == {"by_this_model", "nobody", "everybody_mail"}
    # What was left out says nothing of who responds to what is shown.
    assert found["impressions"]["test"] == mail["treated"]
    assert load_uplift(trained.uri).treatments == ("control", "mail")
    assert validate(f"{trained.uri}/Format-Serving", "response", failed_checks, own_process=False) == []

    answers = artifact(OfferAnswers, folder / "answers")
    UserOffersExecutor(beam_context(folder)).Do(
        {"examples": [made.outputs["examples"]], "catalogue": [made.outputs["catalogue"]], "model": [trained]},
        {"answers": [answers]},
        {"source_digest": "any"},
    )
    rows = read_parquet(f"{answers.uri}/answers-*.parquet").to_pylist()
    current = made.split("current")
    assert len(rows) == len(current) > 0
    assert len({(row["user_id"], row["offer_id"]) for row in rows}) == len(rows)
    assert {row["treatment"] for row in rows} == {"mail"}
    model = tf.saved_model.load(f"{trained.uri}/Format-Serving")
    assert "expected" in model.signatures["evaluate"].structured_outputs
    publish_offers(folder, Path(answers.uri), found["uplift"])
    facts = json.loads((folder / "offers" / "offers.json").read_text())
    assert facts["control"] == "control"
    matrix = offers_by_segment(folder)
    assert set(matrix) == {"all"}
    mean = np.mean([row["uplift"] for row in rows if row["offer_id"] == rows[0]["offer_id"]])
    assert matrix["all"][rows[0]["offer_id"]]["uplift"] == pytest.approx(mean, abs=1e-6)


def test_everybody_treated_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`treatment` is `mail` alone"):
        run_examples(tmp_path, tables(treated_impressions(1.0)), TREATED)


def test_a_chosen_treatment_without_propensity_is_refused(tmp_path: Path) -> None:
    def chosen(row: Row) -> float:
        return 0.95 if row["screen"] > 17 else 0.05

    with pytest.raises(InputError, match="can be foretold from the features"):
        run_examples(tmp_path, tables(treated_impressions(chosen, propensity=False)), TREATED)
