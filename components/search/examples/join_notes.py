"""What queries have in common with the products, in words."""

from collections.abc import Mapping, Sequence

from components.tables.notes.example_ids import example_ids

# Where more events than that miss their product, the two tables rather write ids differently.
_NEARLY_ALL = 0.9


def note_missed_events(
    counts: Mapping[str, int], event_paths: Sequence[str], product_paths: Sequence[str]
) -> list[str]:
    """Says how many events with a query name a product that the products table lacks.

    Args:
        counts: `events_with_query`, and those of them that are `unknown_product_events`.
        event_paths: Parquet files of the events table.
        product_paths: Parquet files of the products table.
    """
    asked, missed = counts.get("events_with_query", 0), counts.get("unknown_product_events", 0)
    if not missed:
        return []
    said = (
        f"Table `events`: {missed:,} of the {asked:,} events with a query name a product_id that table `products` "
        "lacks, so search learns nothing from them."
    )
    if missed > _NEARLY_ALL * asked:
        events, products = (example_ids(paths, "product_id") for paths in (event_paths, product_paths))
        said += f" Ids are {events} in `events`, and {products} in `products`: check that both tables write them alike."
    return [said]
