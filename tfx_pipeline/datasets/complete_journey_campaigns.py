"""The coupon campaigns of Complete Journey as tables of offers and impressions."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

# Purchases of four weeks are known before the first of these, and each ends within the year whose purchases are known.
_FIRST_START, _LAST_END = pd.Timestamp("2017-01-29"), pd.Timestamp("2017-12-31")
_SHOWN_KINDS = 5

CAMPAIGN_COLUMNS = {
    "campaigns": ["campaign_id", "household_id"],
    "campaign_descriptions": ["campaign_id", "campaign_type", "start_date", "end_date"],
    "coupons": ["coupon_upc", "product_id", "campaign_id"],
    "coupon_redemptions": ["household_id", "campaign_id", "redemption_date"],
}


def write_campaigns(tables: Mapping[str, pa.Table], products: pa.Table, user_ids: pa.ChunkedArray, out: Path) -> None:
    """Writes offers and impressions.

    An offer's text names the type of its campaign and the kinds of products that most of its coupons are for. The day
    of a redemption is known and not its hour; it counts as the end of the day.

    Args:
        tables: Those of the source that `CAMPAIGN_COLUMNS` names.
        products: product_id and category, as they are written.
        user_ids: Households that are kept.
        out: Folder to write into.
    """
    frames = {name: table.to_pandas() for name, table in tables.items()}
    described = frames["campaign_descriptions"]
    described = described[(described["start_date"] >= _FIRST_START) & (described["end_date"] <= _LAST_END)]
    described = described.sort_values("campaign_id")
    kept = set(described["campaign_id"])
    known = products.select(["product_id", "category"]).to_pandas()
    coupons = frames["coupons"][frames["coupons"]["campaign_id"].isin(kept)].astype({"product_id": str})
    coupons = coupons.merge(known, on="product_id")
    by_campaign = dict(iter(coupons.groupby("campaign_id")))
    rows = []
    for campaign in described.itertuples():
        own = by_campaign.get(campaign.campaign_id, coupons.iloc[:0])
        kinds = own["category"].fillna("").str.split(" > ").str[1].dropna().value_counts().index[:_SHOWN_KINDS]
        rows.append(
            {
                "offer_id": str(campaign.campaign_id),
                "text": f"{campaign.campaign_type} coupons: {', '.join(kinds)}"
                if len(kinds)
                else campaign.campaign_type,
                "products": "|".join(sorted(set(own["product_id"]))),
                "start": int(campaign.start_date.timestamp()),
                "end": int((campaign.end_date + pd.Timedelta(days=1)).timestamp()),
                "campaign_type": campaign.campaign_type,
                "coupons": float(own["coupon_upc"].nunique()),
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), out / "offers.parquet")
    _write_impressions(frames, described, set(user_ids.unique().to_pylist()), out)


def _write_impressions(
    frames: Mapping[str, pd.DataFrame], described: pd.DataFrame, households: set[str], out: Path
) -> None:
    received = frames["campaigns"].merge(described, on="campaign_id")
    received = received[received["household_id"].astype(str).isin(households)]
    redeemed = frames["coupon_redemptions"].merge(described, on="campaign_id")
    redeemed = redeemed[redeemed["redemption_date"].between(redeemed["start_date"], redeemed["end_date"])]
    first = redeemed.groupby(["campaign_id", "household_id"])["redemption_date"].min().rename("redeemed_on")
    received = received.join(first, on=["campaign_id", "household_id"]).sort_values(["start_date", "campaign_id"])
    end_of_day = received["redeemed_on"] + pd.Timedelta(days=1) - pd.Timedelta(seconds=1)
    responded = end_of_day.astype("datetime64[s]").astype("int64").where(received["redeemed_on"].notna())
    table = pa.table(
        {
            "user_id": pa.array(received["household_id"].astype(str)),
            "offer_id": pa.array(received["campaign_id"].astype(str)),
            "campaign_id": pa.array(received["campaign_id"].astype(str)),
            "shown_at": pa.array(received["start_date"].astype("datetime64[s]").astype("int64")),
            "redeemed": pa.array(received["redeemed_on"].notna()),
            "responded_at": pa.array(responded.astype("Int64")),
        }
    )
    pq.write_table(table, out / "impressions.parquet")
