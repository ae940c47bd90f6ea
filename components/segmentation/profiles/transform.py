"""The Beam transform behind UserProfiles."""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.utils.shared import Shared

from components.errors import InputError
from components.events.options import EventOptions
from components.events.product_sums import SumByProduct
from components.events.users_together import BringUsersTogether, Bucket, TablePaths
from components.segmentation.discovery.kind_counts import SampleUsers
from components.segmentation.examples.moments import SegmentMoments, choose_segment_moments
from components.segmentation.examples.options import SegmentationExamplesOptions
from components.segmentation.examples.products import product_sums
from components.segmentation.examples.steps import bucket_events, lowest_shares, user_shares
from components.segmentation.profiles.categories import Categories, describe_categories
from components.segmentation.profiles.chances import Chances
from components.segmentation.profiles.first_buyer_steps import LearnFirstBuyers, is_judged
from components.segmentation.profiles.first_buyers import FirstBuyers
from components.segmentation.profiles.learning import learn_chances, sample_rows, training_moments
from components.segmentation.profiles.new_products import NEW_PRODUCT_COLUMNS, ProductGroups
from components.segmentation.profiles.options import ProfileOptions
from components.segmentation.profiles.user_rows import PROFILES_SCHEMA, bought_purchases, of_some_users, profile_rows
from components.tables.read_back import concatenated, from_bytes, to_bytes
from trainer.artifacts.json_files import write_json
from trainer.artifacts.names import CHANCES_FILE, PARQUET_SUFFIX, USER_PROFILES_PREFIX

_AMOUNTS = ("quantity", "price")
_SAMPLED = "chances"


class MakeUserProfiles(beam.PTransform):
    """Reads the tables, brings each user's events together, learns chances from a sample, and writes a row a user.

    Args:
        options: Event types and what costs money.
        profiles: What profiles say.
        events: What the shared steps over events have to know.
        tables: What to read; the products too.
        seed: Of the training.
        uri: Where profiles go.
        quarantine: Where events of unknown products go, which the examples have refused already.
    """

    def __init__(
        self,
        options: SegmentationExamplesOptions,
        profiles: ProfileOptions,
        events: EventOptions,
        tables: TablePaths,
        *,
        seed: int,
        uri: str,
        quarantine: str,
    ) -> None:
        super().__init__()
        self._options, self._profiles, self._seed, self._uri = options, profiles, seed, uri
        self._together = BringUsersTogether(
            tables,
            events,
            time_column="timestamp",
            product_columns=NEW_PRODUCT_COLUMNS,
            quarantine_uri=quarantine,
            counts_uri=quarantine,
            amounts=_AMOUNTS,
        )

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[Any]:
        """Adds the steps to a pipeline."""
        options, profiles = self._options, self._profiles
        users = pipeline | "BringUsersTogether" >> self._together
        moments = beam.pvalue.AsSingleton(
            users.events_by_hour | "FindEnd" >> beam.Map(choose_segment_moments, options.segments, given=True)
        )
        described = beam.pvalue.AsSingleton(
            users.buckets
            | "SumUp" >> beam.ParDo(SumUpProducts(options, profiles), moments)
            | "AddUpProducts" >> beam.CombineGlobally(SumByProduct())
            | "DescribeCategories" >> beam.Map(describe, users.products, profiles)
        )
        learned = beam.pvalue.AsSingleton(
            users.buckets
            | "TakeHabits" >> beam.ParDo(TakeHabits(options, profiles), moments, described)
            | "SampleUsers" >> beam.CombineGlobally(SampleUsers(profiles.max_users))
            | "LearnChances" >> beam.Map(learn, described, profiles, self._seed, self._uri)
        )
        new: tuple[beam.pvalue.AsSingleton, ...] = ()
        if profiles.new_products:
            learning = LearnFirstBuyers(options, profiles, self._seed, moments, users.products, self._uri)
            new = (beam.pvalue.AsSingleton(users.buckets | "LearnFirstBuyers" >> learning),)
        return (
            users.buckets
            | "WriteRows" >> beam.ParDo(ProfileUsers(options, profiles), moments, described, learned, *new)
            | "WriteProfiles"
            >> beam.io.WriteToParquetBatched(
                f"{self._uri}/{USER_PROFILES_PREFIX}", PROFILES_SCHEMA, file_name_suffix=PARQUET_SUFFIX
            )
        )


class SumUpProducts(beam.DoFn):
    """A bucket to a stream of `product_sums` before the first moment that is learned at."""

    def __init__(self, options: SegmentationExamplesOptions, profiles: ProfileOptions) -> None:
        self._options, self._profiles = options, profiles

    def process(self, bucket: Bucket, moments: SegmentMoments) -> Iterator[bytes]:
        """Handles one bucket."""
        events = bucket_events(bucket, self._options)
        if events is not None:
            yield to_bytes(product_sums(events, training_moments(self._profiles, moments.end)[-1]))


class TakeHabits(beam.DoFn):
    """A bucket to a stream of `sample_rows` of its users with the lowest shares."""

    def __init__(self, options: SegmentationExamplesOptions, profiles: ProfileOptions) -> None:
        self._options, self._profiles = options, profiles

    def process(self, bucket: Bucket, moments: SegmentMoments, categories: Categories) -> Iterator[bytes]:
        """Handles one bucket."""
        events = bucket_events(bucket, self._options)
        if events is None or not len(events.users):
            return
        events = events.of_users()
        shares = user_shares(events.users, _SAMPLED)
        chosen = lowest_shares(shares, self._profiles.max_users)
        purchases = of_some_users(bought_purchases(events, categories.rows(events.product_id), categories), chosen)
        ids = events.users.take(pa.array(chosen))
        popularity = categories.popularity
        yield to_bytes(sample_rows(purchases, ids, shares[chosen], popularity, self._profiles, moments.end))


class ProfileUsers(beam.DoFn):
    """A bucket to Arrow tables of profiles; what was learned is unpacked once a process."""

    def __init__(self, options: SegmentationExamplesOptions, profiles: ProfileOptions) -> None:
        self._options, self._profiles = options, profiles
        self._shared = Shared()

    def process(
        self,
        bucket: Bucket,
        moments: SegmentMoments,
        categories: Categories,
        learned: bytes,
        new: tuple[ProductGroups, FirstBuyers | None] | None = None,
    ) -> Iterator[pa.Table]:
        """Handles one bucket."""
        events = bucket_events(bucket, self._options)
        if events is not None and len(events.users):
            chances = self._shared.acquire(lambda: Chances.of_bytes(learned))
            ranked = None if new is None or new[1] is None else (new[0], new[1])
            yield profile_rows(events.of_users(), categories, chances, self._profiles, moments.end, ranked)


def describe(sums: bytes | None, products: Iterable[bytes], options: ProfileOptions) -> Categories:
    """Returns the categories of a shop.

    Raises:
        InputError: Nothing was bought in a category before the first moment that is learned at.
    """
    table = concatenated(sorted(products))
    found = None
    if sums is not None and table is not None:
        found = describe_categories(from_bytes(sums), table, options.category_levels, options.most_categories)
    if found is None or not found.names:
        days = options.moments * options.chance_days
        raise InputError(
            f"Profiles of users need purchases in categories that lie {days:g} days or more before the end of the "
            "events; there are none. Give products a `category`, lower `tasks.segmentation.profiles.moments`, or "
            "leave `tasks.segmentation.profiles.enabled` out."
        )
    return found


def learn(sample: bytes | None, categories: Categories, options: ProfileOptions, seed: int, uri: str) -> bytes:
    """Returns the learned chances for all workers, and writes what is known of them."""
    table = from_bytes(sample) if sample is not None else pa.table({})
    if not len(table):
        raise InputError("Profiles of users need users who bought something; the events have none.")
    chances, facts = learn_chances(table, is_judged(table["user_id"].combine_chunks(), options), seed)
    write_json(f"{uri}/{CHANCES_FILE}", {"chance_days": options.chance_days, **facts, "categories": categories.names})
    return chances.to_bytes()
