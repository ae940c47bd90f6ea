"""On which days a product got far more reviews than it ever does."""

from collections.abc import Iterable, Iterator

import apache_beam as beam
import numpy as np
from scipy import stats

from components.opinions.reviews import Review
from serving.graph.time_units import DAY_SECONDS

ProductDay = tuple[str, int]

# Fewer reviews of a day are no burst, however few there usually are.
LEAST_REVIEWS = 8
# Chance of one burst or more where there is none, over all days of a product.
_FALSE_ALARM = 1e-4
# A product that is younger has no usual number yet.
_LEAST_DAYS = 14


class FindBursts(beam.PTransform):
    """Reviews to the products and days (Unix days of UTC) of bursts, each with True.

    Reviews of a usual day are taken for a Poisson number with the mean of the product's other days, from its first to
    its last review. A worker holds the days of one product.
    """

    def expand(self, reviews: beam.PCollection[Review]) -> beam.PCollection[tuple[ProductDay, bool]]:
        """Adds the search to a pipeline."""
        return (
            reviews
            | "OfProducts" >> beam.Filter(lambda review: bool(review.product_id))
            | "ByProductDay"
            >> beam.Map(lambda review: (product_day(review), 1)).with_output_types(tuple[ProductDay, int])
            | "CountDays" >> beam.CombinePerKey(sum)
            | "ByProduct" >> beam.Map(lambda each: (each[0][0], (each[0][1], each[1])))
            | "GatherDays" >> beam.GroupByKey()
            | "FindBurstDays" >> beam.FlatMap(_bursts).with_output_types(tuple[ProductDay, bool])
        )


def product_day(review: Review) -> ProductDay:
    """Returns what a burst is of."""
    return review.product_id, review.at // DAY_SECONDS


def burst_days(days: Iterable[tuple[int, int]]) -> list[int]:
    """Returns the days of bursts.

    Args:
        days: Of one product, each with its number of reviews.
    """
    numbers, counts = (np.array(column) for column in zip(*days, strict=True))
    length = int(numbers.max() - numbers.min()) + 1
    if length < _LEAST_DAYS:
        return []
    usual = (counts.sum() - counts) / (length - 1)
    unusual = stats.poisson.sf(counts - 1, usual) * length < _FALSE_ALARM
    return sorted(numbers[unusual & (counts >= LEAST_REVIEWS)].tolist())


def _bursts(element: tuple[str, Iterable[tuple[int, int]]]) -> Iterator[tuple[ProductDay, bool]]:
    product, days = element
    return (((product, day), True) for day in burst_days(days))
