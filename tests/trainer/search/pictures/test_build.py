"""How much looks count for a picture that is asked: what holds for pictures that nothing was learned from."""

import numpy as np
import pytest

from tests.trainer.search.pictures.test_alignment import judged, unit
from trainer.search.pictures.build import build_search_pictures

PRODUCTS, KINDS = 400, 8


@pytest.mark.parametrize("telling", ["pictures", "texts"])
def test_the_side_that_tells_kinds_apart_counts(telling):
    generator = np.random.default_rng(0)
    kinds = np.arange(PRODUCTS) % KINDS
    signs = {name: generator.normal(size=(KINDS, 32))[kinds] for name in ("pictures", "texts")}
    noise = {name: generator.normal(size=(PRODUCTS, 32)) for name in signs}
    sides = {name: (unit(signs[name] + 0.5 * noise[name]) if name == telling else unit(noise[name])) for name in signs}
    pictures = sides["pictures"].copy()
    pictures[::10] = np.nan
    built = build_search_pictures(
        pictures,
        np.arange(PRODUCTS),
        [f"kind {kind}" for kind in kinds],
        sides["texts"],
        judged(np.arange(50)),
        sides["texts"][:50],
        None,
        0.5,
        seed=0,
    )
    by_image = built.report["by_image"]
    assert by_image["both"] >= max(by_image["looks"], by_image["meaning"]) - 1e-3
    if telling == "pictures":
        assert by_image["looks"] > 0.9
        assert by_image["weight"] > 0
    assert built.report["products"] == PRODUCTS * 9 // 10 == len(built.facts.products)
    assert np.isnan(pictures[built.facts.products]).sum() == 0
    np.testing.assert_array_equal(built.facts.looks_of_texts[0], 0.0)
    np.testing.assert_allclose(np.linalg.norm(built.facts.looks, axis=1), 1.0, atol=1e-5)
