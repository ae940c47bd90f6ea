"""Users of a bucket of events: what they did by kind, and the segments that they are in."""

import pyarrow as pa
import pyarrow.compute as pc

from components.segmentation.discovery.discovered_segments import DiscoveredSegments
from components.segmentation.discovery.kind_counts import KindCounts, count_kinds
from components.segmentation.discovery.options import DiscoveryOptions
from components.segmentation.examples.user_events import UserEvents


def kinds_of_users(events: UserEvents, products: pa.Table, options: DiscoveryOptions, end: int) -> KindCounts:
    """Counts the events of users by kind over the window of discovery.

    Args:
        events: Of known users.
        products: Columns product_id and kind.
        options: How long ago an event may be.
        end: Unix seconds of the end of the events.
    """
    place = pc.index_in(events.product_id, value_set=products["product_id"].combine_chunks().cast(pa.binary()))
    kinds = products["kind"].combine_chunks().take(place)
    return count_kinds(events, kinds, end - options.window_seconds, end)


def discovered_segments(
    model: bytes, events: UserEvents, products: pa.Table, options: DiscoveryOptions, end: int
) -> list[str | None]:
    """Returns the discovered segment of each user with events, None where nothing of a known kind was done lately.

    Args:
        model: What `DiscoveredSegments.to_bytes` returned.
        events: As of `kinds_of_users`, like the rest.
        products: Columns product_id and kind.
        options: How long ago an event may be.
        end: Unix seconds of the end of the events.
    """
    found = DiscoveredSegments.of_bytes(model)
    counts = kinds_of_users(events, products, options, end)
    return [None if place < 0 else found.names[place] for place in found.of_users(counts).tolist()]
