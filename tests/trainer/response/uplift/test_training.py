"""The uplift network finds effects that are known, of several treatments, and where some are treated more often."""

import numpy as np
import pytest

from tests.trainer.response.uplift.campaigns import NAMES, campaign
from trainer.metrics.treatment_effect import treatment_effect
from trainer.response.options import ResponseNetworkOptions, UpliftOptions
from trainer.response.uplift.network import load_uplift, save_uplift
from trainer.response.uplift.training import train_uplift
from trainer.response.uplift.treatments import Treatments

OPTIONS = UpliftOptions(
    network=ResponseNetworkOptions(networks=1, units=8, cross_layers=0, embedding=2, item_embedding=0, dropout=0.0),
    epochs=3,
    learning_rate=1e-2,
    penalty=1.0,
)


def trained(table, treatments, tmp_path):
    return train_uplift(NAMES, table, treatments, OPTIONS, seed=0, log_uri=str(tmp_path)).uplift


def uplifts_by_club(uplift, table):
    expected = uplift.expected_of(table)
    added = expected[:, 1:] - expected[:, :1]
    club = table.categories[:, 0] == 2
    return added[club].mean(axis=0), added[~club].mean(axis=0)


@pytest.mark.long
def test_effects_of_several_treatments_are_found(tmp_path):
    table, treatments, _ = campaign(20_000, 0, effects=(0.3, 0.1), chances=(0.5, 0.3, 0.2))
    uplift = trained(table, treatments, tmp_path)
    members, others = uplifts_by_club(uplift, campaign(2_000, 1)[0])
    np.testing.assert_allclose(members, [0.3, 0.1], atol=0.06)
    np.testing.assert_allclose(others, [0.0, 0.0], atol=0.06)
    # What is expected under each treatment is what came of it.
    expected = uplift.expected_of(table)
    for arm in range(3):
        rows = treatments.arm == arm
        assert expected[rows, arm].mean() == pytest.approx(table.outcomes[rows].mean(), abs=0.02)
    np.testing.assert_allclose(uplift.shares, np.bincount(treatments.arm) / len(treatments), atol=1e-6)


def test_propensities_take_out_who_was_treated(tmp_path):
    table, treatments, _ = campaign(20_000, 2, by_spend=True)
    members, others = uplifts_by_club(trained(table, treatments, tmp_path), table)
    assert members[0] == pytest.approx(0.3, abs=0.07)
    assert others[0] == pytest.approx(0.0, abs=0.07)
    # Who was treated responds more often anyway, which the plain difference takes for an effect.
    assert treatment_effect(table.outcomes[:, 0], treatments.treated).low > 0.15 + 0.05


def test_a_network_is_read_as_it_was_written(tmp_path):
    table, treatments, _ = campaign(300, 3)
    uplift = trained(table, treatments, tmp_path / "logs")
    save_uplift(uplift, str(tmp_path / "model"))
    again = load_uplift(str(tmp_path / "model"))
    np.testing.assert_array_equal(again.expected_of(table), uplift.expected_of(table))
    for name in ("treatments", "shares", "centres", "means", "slopes"):
        assert getattr(again, name) == getattr(uplift, name)
    assert load_uplift(str(tmp_path / "logs")) is None


def test_wrong_treatments_are_refused(tmp_path):
    table, treatments, _ = campaign(100, 4)
    with pytest.raises(ValueError, match="a row for each"):
        trained(table, treatments.rows(np.arange(50)), tmp_path)
    alone = Treatments(names=("control", "offer"), arm=np.ones(100, np.int32), propensity=np.ones(100, np.float32))
    with pytest.raises(ValueError, match="There are none of control"):
        trained(table, alone, tmp_path)
    for propensity in (0.0, 1.5):
        with pytest.raises(ValueError, match="above 0 and at most 1"):
            Treatments(names=("a", "b"), arm=np.zeros(1, np.int32), propensity=np.full(1, propensity, np.float32))
