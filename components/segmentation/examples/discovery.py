"""Beam steps that discover segments: what users did by kind, and what comes of a sample of them."""

from collections.abc import Iterator

import apache_beam as beam

from components.events.users_together import Bucket
from components.segmentation.discovery.discovered_segments import (
    FACTS_FILE,
    discover,
    load_discovered,
    save_discovered,
)
from components.segmentation.discovery.kind_counts import SampleUsers, of_stream, to_stream
from components.segmentation.discovery.users import kinds_of_users
from components.segmentation.examples.moments import SegmentMoments
from components.segmentation.examples.options import SegmentationExamplesOptions
from components.segmentation.examples.steps import bucket_events, user_shares
from components.tables.read_back import from_bytes
from trainer.artifacts.json_files import write_json

_SALT = "discovery"


class DiscoverSegments(beam.PTransform):
    """Buckets to one model of discovered segments, as `DiscoveredSegments.to_bytes` writes it.

    Users are counted where their bucket lies; only a sample of them, bounded by the options, meets on one worker.

    Args:
        options: How segments are looked for.
        seed: Of all that is drawn.
        moments: Side input, `SegmentMoments`.
        products: Side input, an Arrow IPC stream of product_id and kind.
        labels_uri: Folder that the model is written to as well.
        earlier_uri: Folder that the last run wrote its labels to; empty where there was none.
    """

    def __init__(
        self,
        options: SegmentationExamplesOptions,
        seed: int,
        moments: beam.pvalue.AsSingleton,
        products: beam.pvalue.AsSingleton,
        labels_uri: str,
        earlier_uri: str,
    ) -> None:
        super().__init__()
        self._options, self._seed = options, seed
        self._moments, self._products = moments, products
        self._labels_uri, self._earlier_uri = labels_uri, earlier_uri

    def expand(self, buckets: beam.PCollection[Bucket]) -> beam.PCollection[bytes]:
        """Adds the steps."""
        discovery = self._options.segments.discovery
        return (
            buckets
            | "CountKinds" >> beam.ParDo(CountKinds(self._options), self._moments, self._products)
            | "SampleUsers" >> beam.CombineGlobally(SampleUsers(discovery.max_users))
            | "Discover" >> beam.Map(self._discover)
        )

    def _discover(self, sample: bytes | None) -> bytes:
        earlier = load_discovered(self._earlier_uri)
        found, facts = discover(of_stream(sample), self._options.segments.discovery, self._seed, earlier)
        content = found.to_bytes()
        save_discovered(self._labels_uri, content)
        write_json(f"{self._labels_uri}/{FACTS_FILE}", facts)
        return content


class CountKinds(beam.DoFn):
    """A bucket to a stream of `components.segmentation.discovery.kind_counts.to_stream`."""

    def __init__(self, options: SegmentationExamplesOptions) -> None:
        self._options = options

    def process(self, bucket: Bucket, moments: SegmentMoments, products: bytes) -> Iterator[bytes]:
        """Handles one bucket."""
        events = bucket_events(bucket, self._options)
        if events is None or not len(events.users):
            return
        events = events.of_users()
        counts = kinds_of_users(events, from_bytes(products), self._options.segments.discovery, moments.end)
        yield to_stream(counts, events.users, user_shares(events.users, _SALT))
