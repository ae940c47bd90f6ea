"""Beam steps that learn who is first to buy a new product."""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.events.product_sums import SumByProduct
from components.events.users_together import Bucket
from components.segmentation.discovery.kind_counts import SampleUsers
from components.segmentation.examples.moments import SegmentMoments
from components.segmentation.examples.options import SegmentationExamplesOptions
from components.segmentation.examples.steps import bucket_events, lowest_shares, user_shares
from components.segmentation.profiles.first_buyers import FirstBuyers, JudgedNew, judged_rows, recall
from components.segmentation.profiles.new_products import (
    HABITS,
    ProductGroups,
    describe_groups,
    purchases_by_moment,
)
from components.segmentation.profiles.options import ProfileOptions
from components.tables.read_back import concatenated, from_bytes, to_bytes
from trainer.artifacts.json_files import write_json
from trainer.artifacts.names import NEW_PRODUCTS_FILE

_SAMPLED, _JUDGED = "first buyers", "judged"
_USERS_AT_ONCE = 64
# Pairs of each user and moment that nothing came of.
_OTHERS = 60


class LearnFirstBuyers(beam.PTransform):
    """Buckets to one pair of ProductGroups and a pickled FirstBuyers; None in its place where nothing was new.

    Args:
        options: Event types and what costs money.
        profiles: What profiles say.
        seed: Of the training.
        moments: Side input, `SegmentMoments`.
        products: Side input of the products table.
        uri: Folder that what is known of the ranking is written to.
    """

    def __init__(
        self,
        options: SegmentationExamplesOptions,
        profiles: ProfileOptions,
        seed: int,
        moments: beam.pvalue.AsSingleton,
        products: beam.pvalue.AsIter,
        uri: str,
    ) -> None:
        super().__init__()
        self._options, self._profiles, self._seed = options, profiles, seed
        self._moments, self._products, self._uri = moments, products, uri

    def expand(self, buckets: beam.PCollection[Bucket]) -> beam.PCollection[Any]:
        """Adds the steps."""
        groups = beam.pvalue.AsSingleton(
            buckets
            | "CountByMoment" >> beam.ParDo(CountByMoment(self._options, self._profiles), self._moments)
            | "AddUpMoments" >> beam.CombineGlobally(SumByProduct())
            | "GroupProducts" >> beam.Map(group, self._products)
        )
        return (
            buckets
            | "TakeFirstPurchases"
            >> beam.ParDo(TakeFirstPurchases(self._options, self._profiles), self._moments, groups)
            | "SampleFirstBuyers" >> beam.CombineGlobally(SampleUsers(self._profiles.max_users))
            | "LearnFirst" >> beam.Map(learn_first, groups, self._profiles, self._seed, self._uri)
        )


class CountByMoment(beam.DoFn):
    """A bucket to a stream of `purchases_by_moment`."""

    def __init__(self, options: SegmentationExamplesOptions, profiles: ProfileOptions) -> None:
        self._options, self._profiles = options, profiles

    def process(self, bucket: Bucket, moments: SegmentMoments) -> Iterator[bytes]:
        """Handles one bucket."""
        events = bucket_events(bucket, self._options)
        if events is not None:
            # Of the first moment, what sold in the period before counts as well.
            ends = [moments.end - back * self._profiles.chance_seconds for back in range(self._profiles.moments + 2)]
            yield to_bytes(purchases_by_moment(events, ends))


class TakeFirstPurchases(beam.DoFn):
    """A bucket to a stream of user_id, share, back, habits and bought: a row of each user and moment.

    A user that is judged has all new products in the latest row, others what they bought and some that they did not.
    """

    def __init__(self, options: SegmentationExamplesOptions, profiles: ProfileOptions) -> None:
        self._options, self._profiles = options, profiles

    def process(self, bucket: Bucket, moments: SegmentMoments, groups: ProductGroups) -> Iterator[bytes]:
        """Handles one bucket."""
        events = bucket_events(bucket, self._options)
        if events is None or not len(events.users):
            return
        events = events.of_users()
        shares = user_shares(events.users, _SAMPLED)
        chosen = lowest_shares(shares, self._profiles.max_users)
        judged = is_judged(events.users, self._profiles)
        place = pc.fill_null(pc.index_in(events.product_id, value_set=groups.product_ids), -1)
        bought = events.bought
        product = place.to_numpy(zero_copy_only=False).astype(np.int64)[bought]
        rows: list[dict[str, Any]] = []
        for back in range(1, self._profiles.moments + 1):
            for start in range(0, len(chosen), _USERS_AT_ONCE):
                asked = chosen[start : start + _USERS_AT_ONCE]
                found = judged_rows(
                    events.user[bought],
                    product,
                    events.time[bought],
                    asked,
                    groups,
                    moments.end,
                    back,
                    self._profiles.chance_seconds,
                )
                for number, row in enumerate(found.users.tolist()):
                    user = int(asked[row])
                    kept = np.ones(found.bought.shape[1], np.bool_)
                    if back > 1 or not judged[user]:
                        random = np.random.default_rng((int(shares[user] * 2**32), back))
                        kept = found.bought[number] | (random.random(len(kept)) < _OTHERS / len(kept))
                    rows.append(
                        {
                            "user_id": events.users[user].as_py(),
                            "share": float(shares[user]),
                            "back": back,
                            "habits": found.habits[number][kept].ravel(),
                            "bought": found.bought[number][kept],
                        }
                    )
        if rows:
            yield to_bytes(pa.Table.from_pylist(rows, _SCHEMA))


_SCHEMA = pa.schema(
    [
        ("user_id", pa.binary()),
        ("share", pa.float64()),
        ("back", pa.int64()),
        ("habits", pa.list_(pa.float32())),
        ("bought", pa.list_(pa.bool_())),
    ]
)


def is_judged(users: pa.Array, options: ProfileOptions) -> npt.NDArray[np.bool_]:
    """Returns which users models are judged on and do not learn from, the same in every run."""
    return user_shares(users, _JUDGED) < options.test_fraction


def group(sums: bytes | None, products: Iterable[bytes]) -> ProductGroups:
    """Returns the groups of a shop's products; `sums` are there, since others have counted purchases before."""
    table = concatenated(sorted(products))
    if sums is None or table is None:
        raise RuntimeError("Profiles need purchases and products, which an earlier step has found.")
    return describe_groups(from_bytes(sums), table)


def learn_first(
    sample: bytes | None, groups: ProductGroups, options: ProfileOptions, seed: int, uri: str
) -> tuple[ProductGroups, FirstBuyers | None]:
    """Learns to order new products, judges that by users that are kept out, and writes what came of it."""
    table = from_bytes(sample) if sample is not None else _SCHEMA.empty_table()
    judged = is_judged(table["user_id"].combine_chunks(), options) if len(table) else np.zeros(0, np.bool_)
    learned = table.filter(pa.array(~judged))
    facts: dict[str, Any] = {"new_products": len(groups.new(0, sold=False))}
    bought = pc.list_flatten(learned["bought"]).to_numpy(zero_copy_only=False).astype(np.bool_)
    if len(np.unique(bought)) < 2:
        write_json(f"{uri}/{NEW_PRODUCTS_FILE}", facts)
        return groups, None
    habits = pc.list_flatten(learned["habits"]).to_numpy().reshape(-1, len(HABITS))
    model = FirstBuyers.fit(habits, bought, seed)
    asked = table.filter(pc.and_(pa.array(judged), pc.equal(table["back"], 1)))
    if len(asked):
        rows = np.stack(asked["habits"].to_numpy()).reshape(len(asked), -1, len(HABITS))
        came_true = np.stack(asked["bought"].to_numpy()).astype(np.bool_)
        scores = JudgedNew(rows, came_true, np.arange(len(rows))).scores(model)
        recalls = {name: recall(values, came_true) for name, values in scores.items()}
        facts |= {
            "cold_product_users": len(asked),
            "cold_products": came_true.shape[1],
            "cold_product_recall_at_10": recalls["habits"],
            "cold_product_category_recall_at_10": recalls["category"],
            "cold_product_popularity_recall_at_10": recalls["popularity"],
        }
    write_json(f"{uri}/{NEW_PRODUCTS_FILE}", facts)
    return groups, model
