"""What a table may hold beyond its contract, by the configuration; loads no TFX."""

from collections.abc import Iterable, Sequence

from components.tables.contract import TableOptions
from tfx_pipeline.shop.options import ExtraColumns, ShopOptions


def table_options(
    name: str,
    shop: ShopOptions,
    *,
    event_types: Sequence[str] = (),
    bought_event_types: Sequence[str] = (),
    columns: Sequence[str] = (),
    outcomes: Sequence[str] = (),
    pictures: Iterable[str] = (),
) -> TableOptions:
    """Returns what a table may hold beyond its contract.

    Args:
        name: The table's name in the configuration.
        shop: Names the extra columns that are kept.
        event_types: The event types that the run's tasks know; none lets any through.
        bought_event_types: Those that any of the tasks takes for a purchase; none takes `purchase`.
        columns: More columns with texts in them, which a task reads.
        outcomes: Columns that say whether something came of a row, which a task learns.
        pictures: Columns that say where pictures lie.
    """
    extra = getattr(shop.features, name, ExtraColumns())
    options = TableOptions(
        numeric_columns=extra.numeric,
        categorical_columns=(*extra.categorical, *columns),
        picture_columns=tuple(pictures),
        outcome_columns=tuple(outcomes),
        event_types=tuple(event_types) if name == "events" else (),
        keep_markup=shop.markup == "kept",
        bots=shop.bots if name == "events" else None,
    )
    if name == "events" and bought_event_types:
        return options.model_copy(update={"bought_event_types": tuple(bought_event_types)})
    return options
