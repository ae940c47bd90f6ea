"""What the products of series are called."""

import pyarrow as pa

from trainer.artifacts.catalogue import load_catalogue
from trainer.demand.series_files import StoredSeries


def series_titles(catalogue_uri: str, stored: StoredSeries) -> dict[str, str]:
    """Returns the title of each product that has a series, by its id.

    Args:
        catalogue_uri: Of DemandExamples.
        stored: The series.
    """
    catalogue = load_catalogue(catalogue_uri, ["product_id", "title"])
    wanted = set(stored.product_ids)
    ids = catalogue["product_id"].cast(pa.binary()).to_pylist()
    named = zip((each.decode("utf-8", "surrogateescape") for each in ids), catalogue["title"].to_pylist(), strict=True)
    return {product: title for product, title in named if product in wanted}
