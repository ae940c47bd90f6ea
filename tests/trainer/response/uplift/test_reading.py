"""Treatments as an artifact has them."""

from types import SimpleNamespace

import numpy as np

from trainer.response.uplift.reading import known_treatments, treatment_names, was_shown


def rows(treatment, propensity):
    return SimpleNamespace(treatment=np.array(treatment, object), propensity=np.array(propensity, np.float32))


def test_rows_that_name_a_treatment_are_taken():
    found = rows([b"mail", b"", b"none", b"letter"], [0.5, np.nan, 0.25, 0.25])
    names = treatment_names(found, "none")
    assert names == ("none", "letter", "mail")
    known = known_treatments(found, names)
    np.testing.assert_array_equal(known.rows, [0, 2, 3])
    np.testing.assert_array_equal(known.treatments.arm, [2, 0, 1])
    np.testing.assert_allclose(known.treatments.propensity, [0.5, 0.25, 0.25])
    assert known.given
    np.testing.assert_array_equal(was_shown(found, "none"), [True, True, False, True])


def test_shares_stand_for_propensities_that_are_missing():
    found = rows([b"mail", b"mail", b"mail", b"none"], [0.5, 0.5, np.nan, 0.5])
    known = known_treatments(found, ("none", "mail"))
    assert not known.given
    np.testing.assert_allclose(known.treatments.propensity, [0.75, 0.75, 0.75, 0.25])


def test_without_both_groups_there_is_nothing_to_learn():
    nothing = rows([b"", b""], [np.nan, np.nan])
    assert treatment_names(nothing, "none") == ()
    assert known_treatments(nothing, ()) is None
    everybody = rows([b"mail", b"mail"], [1.0, 1.0])
    assert treatment_names(everybody, "none") == ("none", "mail")
    assert known_treatments(everybody, ("none", "mail")) is None
