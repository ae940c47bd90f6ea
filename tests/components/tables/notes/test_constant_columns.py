"""Which columns should tell rows apart, and of how many rows."""

import pandas as pd
import pytest
import tensorflow_data_validation as tfdv

from components.tables.contract import TableOptions
from components.tables.notes.constant_columns import note_constant_columns, telling_columns
from components.tables.sources import TableSource

EXTRA = TableOptions(numeric_columns=("weight",), categorical_columns=("hue", "brand"))


@pytest.mark.parametrize(("rows", "noted"), [(19, False), (20, True)])
def test_few_rows_may_well_be_alike(rows: int, noted: bool) -> None:
    table = pd.DataFrame({"country": ["DE"] * rows, "user_id": [str(number) for number in range(rows)]})
    statistics = tfdv.generate_statistics_from_dataframe(table).datasets[0]
    assert bool(note_constant_columns("users", statistics, ["country", "user_id"])) is noted


def test_what_models_learn_from_should_differ() -> None:
    expected = ("title", "brand", "category", "price", "rating", "weight", "hue")
    assert telling_columns("products", EXTRA, [TableSource(path="p")]) == expected
    assert telling_columns("texts", EXTRA, [TableSource(path="p")]) == ("weight", "hue", "brand")


def test_what_is_meant_to_be_the_same_may_be() -> None:
    web = TableSource(path="web", constants={"hue": "web", "weight": 1})
    till = TableSource(path="till", constants={"hue": "till"})
    assert "hue" not in telling_columns("products", EXTRA, [web, till])
    # The other source has weights of its own.
    assert "weight" in telling_columns("products", EXTRA, [web, till])
