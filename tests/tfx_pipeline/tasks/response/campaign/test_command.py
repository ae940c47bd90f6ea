"""A campaign from its plan to what it brought, through the command line."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from components.errors import InputError
from tests.tfx_pipeline.tasks.response.campaign.audiences import audience_table, write_offers
from tfx_pipeline.tasks.response.campaign.options import app

NO_UPLIFT = {"control": "control", "told_apart": None, "effect": None}
UPLIFT = {"control": "control", "told_apart": True, "effect": {"mean": 0.1, "low": 0.05, "high": 0.15}}


def run(*arguments):
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_a_campaign_is_planned_sent_and_judged(tmp_path):
    write_offers(tmp_path, audience_table(4000), audience_table(50, offer="coffee"), **UPLIFT)
    said = run(
        "--root", tmp_path, "--offer", "tea", "--budget", 3000, "--control", 0.3, "--name", "spring", "--value", 40
    )
    lines = {line.split()[0]: line.split() for line in said.splitlines() if line.strip()}
    assert lines["segment"] == ["segment", "addressed", "control", "responses", "uplift", "cost", "gain"]
    file = tmp_path / "campaigns" / "spring.parquet"
    campaign = pq.read_table(file).to_pandas()
    new = campaign[campaign.segment == "new"]
    assert lines["new"][1] == f"{(new.treatment != 'control').sum():,}"
    assert file.stat().st_mode & 0o777 == 0o600

    # What the model expects comes true, and who responds buys for 20.
    generator = np.random.default_rng(3)
    shown = campaign.treatment != "control"
    chance = campaign.probability - np.where(shown, 0.0, campaign.uplift)
    campaign["clicked"] = generator.random(len(campaign)) < chance
    campaign["spent"] = 20.0 * campaign.clicked
    sent = tmp_path / "sent.parquet"
    campaign.to_parquet(sent)
    found = json.loads(run("--results", sent, "--sales", "spent", "--json"))
    assert [each["segment"] for each in found] == ["new", "regular", "all"]
    for each in found[:2]:
        part = campaign[campaign.segment == each["segment"]]
        means = part.groupby(part.treatment != "control").clicked.mean()
        responses = each["responses"]
        assert responses["added"]["mean"] == pytest.approx(means[True] - means[False])
        assert responses["with_offer"] == pytest.approx(means[True])
        assert responses["added"]["low"] < {"new": 0.2, "regular": 0.05}[each["segment"]] < responses["added"]["high"]
        assert responses["total"]["mean"] == pytest.approx(responses["added"]["mean"] * each["addressed"])
        assert each["sales"]["added"]["low"] == pytest.approx(20.0 * responses["added"]["low"])
    # The same from CSV, as sentences.
    text = tmp_path / "sent.csv"
    campaign.to_csv(text, index=False)
    said = run("--results", text, "--sales", "spent")
    assert f"The offer added {found[-1]['responses']['total']['mean']:,.1f} responses (between" in said
    assert "The offer added" in said
    assert "sales (between" in said


def test_it_says_when_an_offer_adds_nothing(tmp_path):
    nothing = {"control": "control", "told_apart": False, "effect": {"mean": 0.001, "low": -0.01, "high": 0.012}}
    write_offers(tmp_path, audience_table(), **nothing)
    said = run("--root", tmp_path, "--offer", "tea", "--budget", 50)
    assert "Nobody is told apart" in said
    assert "The offer adds nothing that the test shows: +0.0010" in said
    said = run("--root", tmp_path, "--offer", "tea", "--budget", 50, "--value", 2)
    assert "The offer pays for nobody" in said
    found = json.loads(run("--root", tmp_path, "--offer", "tea", "--budget", 0.5, "--json"))
    assert found["file"] is None
    assert found["segments"] == []


def test_results_that_chance_explains_are_said_to_be_none(tmp_path):
    write_offers(tmp_path, audience_table(uplift=False), **NO_UPLIFT)
    said = run("--root", tmp_path, "--offer", "tea", "--budget", 300, "--name", "x", "--control", 0.5)
    assert "learned from no treatments" in said
    campaign = pq.read_table(tmp_path / "campaigns" / "x.parquet").to_pandas()
    # Every other row of each group responds.
    campaign["clicked"] = (campaign.groupby("treatment").cumcount() % 2 == 0).astype(int)
    campaign.to_csv(tmp_path / "x.csv", index=False)
    assert "nothing that can be told from chance" in run("--results", tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (lambda frame: frame.drop(columns="clicked"), (), "`clicked`"),
        (lambda frame: frame.assign(treatment="offer"), (), "without both groups"),
        (lambda frame: frame.assign(propensity=0.0), (), "propensity"),
        (lambda frame: frame.assign(propensity=1.5), (), "propensity"),
        (lambda frame: frame.drop(columns="propensity"), (), "propensity"),
        (lambda frame: frame.assign(clicked="perhaps"), (), "clicked"),
        (lambda frame: frame, ("--control-name", "none"), "`none` for those who were left out"),
    ],
)
def test_wrong_results_are_refused(tmp_path, change, arguments, message):
    write_offers(tmp_path, audience_table(40), **UPLIFT)
    run("--root", tmp_path, "--offer", "tea", "--budget", 20, "--name", "x")
    campaign = pq.read_table(tmp_path / "campaigns" / "x.parquet").to_pandas().assign(clicked=0)
    change(campaign).to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(InputError, match=message):
        run("--results", tmp_path / "x.csv", *arguments)


def test_wrong_options_are_refused(tmp_path):
    with pytest.raises(InputError, match="run a configuration with the task response"):
        run("--root", tmp_path, "--offer", "tea", "--budget", 1)
    write_offers(tmp_path, audience_table(3), **UPLIFT)
    with pytest.raises(InputError, match=r"no current offer .* has tea"):
        run("--root", tmp_path, "--offer", "milk", "--budget", 1)
    with pytest.raises(InputError, match="--offer ID with --budget N"):
        run("--root", tmp_path, "--offer", "tea")
    with pytest.raises(InputError, match="got both"):
        run("--results", "x", "--offer", "tea")
