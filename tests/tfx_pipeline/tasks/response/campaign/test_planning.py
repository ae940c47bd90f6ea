"""Whom a campaign addresses: within the budget, the best first, with a control group drawn at random."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tfx_pipeline.tasks.response.campaign.audiences import audience_table
from tfx_pipeline.tasks.response.campaign.audience import Audience
from tfx_pipeline.tasks.response.campaign.planning import Terms, plan_campaign, segment_rows

FACTS = {"control": "none"}


def planned(table, terms, name="spring"):
    return plan_campaign(Audience(table, FACTS), "tea", name, 1_700_000_000, terms)


@given(st.integers(1, 300), st.floats(0.0, 200.0), st.sampled_from([0.5, 1.0, 3.0]), st.floats(0.0, 0.9))
@settings(max_examples=40, deadline=None)
def test_the_budget_holds_and_propensities_are_exact(users, budget, cost, control):
    table, terms = audience_table(users), Terms(budget=budget, cost=cost, control=control)
    campaign = planned(table, terms).to_pandas()
    addressed = campaign[campaign.treatment != "none"]
    assert len(addressed) * cost <= budget + 1e-6
    assert campaign.user_id.is_unique
    assert (campaign.uplift > 0.0).all()
    for _, part in campaign.groupby("segment"):
        held = part.treatment == "none"
        assert np.allclose(part.propensity[held], held.mean())
        assert np.allclose(part.propensity[~held], 1.0 - held.mean())
        assert not held.all()
        if control > 0.0 and len(part) > 1:
            assert held.any()


def test_those_are_chosen_to_whom_the_offer_adds_most():
    table = audience_table()
    campaign = planned(table, Terms(budget=90.0, control=0.1)).to_pandas()
    users = table.to_pandas().sort_values("uplift", ascending=False)
    assert set(campaign.user_id) == set(users.user_id[: len(campaign)])
    assert (campaign.treatment != "none").sum() == pytest.approx(90, abs=1)
    # Without an uplift, those who respond most probably.
    unknown = audience_table(uplift=False)
    campaign = planned(unknown, Terms(budget=90.0)).to_pandas()
    users = unknown.to_pandas().sort_values("probability", ascending=False)
    assert set(campaign.user_id) == set(users.user_id[: len(campaign)])
    assert set(campaign.treatment) == {"offer", "none"}


def test_a_value_leaves_out_whom_the_offer_costs_more_than_it_adds():
    table = audience_table()
    campaign = planned(table, Terms(budget=1e6, cost=1.0, value=10.0)).to_pandas()
    users = table.to_pandas()
    assert set(campaign.user_id) == set(users.user_id[users.uplift > 0.1])
    assert not len(planned(table, Terms(budget=1e6, cost=1.0, value=2.0)))
    assert not len(planned(table, Terms(budget=0.5)))


def test_the_same_call_draws_the_same_and_another_campaign_others():
    table, terms = audience_table(), Terms(budget=1e6, control=0.5)
    first = planned(table, terms)
    order = np.random.default_rng(0).permutation(len(table))
    assert first.equals(planned(table.take(order), terms))
    held = [
        set(each.to_pandas().query("treatment == 'none'").user_id) for each in (first, planned(table, terms, "autumn"))
    ]
    assert held[0] != held[1]


def test_who_is_left_out_has_nothing_to_do_with_what_is_expected():
    differences = []
    for campaign_number in range(60):
        campaign = planned(audience_table(), Terms(budget=1e6, control=0.5), str(campaign_number)).to_pandas()
        new = campaign[campaign.segment == "new"]
        differences.append(new.uplift[new.treatment == "none"].mean() - new.uplift[new.treatment != "none"].mean())
    assert abs(np.mean(differences)) < 3.0 * np.std(differences) / np.sqrt(60)


def test_segments_add_up():
    terms = Terms(budget=200.0, cost=2.0, value=30.0)
    (alone,) = segment_rows(planned(audience_table(), terms), "none", terms)
    assert (alone["segment"], alone["addressed"], alone["cost"]) == ("new", 100, 200.0)
    assert alone["gain"] == pytest.approx(30.0 * alone["uplift"] - 200.0)
    rows = segment_rows(planned(audience_table(), Terms(budget=1e6)), "none", Terms(budget=1e6))
    *segments, whole = rows
    assert {each["segment"] for each in segments} == {"new", "regular"}
    for name in ("addressed", "control", "responses", "uplift", "cost"):
        assert whole[name] == pytest.approx(sum(each[name] for each in segments))
    frame = planned(audience_table(), Terms(budget=1e6)).to_pandas()
    new = frame[(frame.segment == "new") & (frame.treatment != "none")]
    assert segments[0]["responses"] == pytest.approx(new.probability.sum(), rel=1e-5)
    assert segments[0]["uplift"] == pytest.approx(new.uplift.sum(), rel=1e-5)
    assert whole["gain"] is None
