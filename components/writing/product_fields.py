"""What a text about a product is made of, from the row of its table."""

from collections.abc import Mapping, Sequence
from typing import Any

PRODUCT_COLUMNS = ("product_id", "title", "brand", "category", "description", "price")


def product_fields(row: Mapping[str, Any], attributes: Sequence[str]) -> dict[str, str]:
    """Returns the fields of `serving.writing.template.FIELDS` that a product has.

    Args:
        row: Its values by column; what is missing is left out.
        attributes: Columns that the field `attributes` names: `colour: blue, material: cotton`.
    """
    fields = {name: str(row[name]) for name in ("title", "brand", "category", "description") if row.get(name)}
    if row.get("price") is not None:
        fields["price"] = f"{row['price']:.2f}".removesuffix(".00")
    named = [f"{name.replace('_', ' ')}: {row[name]}" for name in attributes if row.get(name) not in (None, "")]
    return {**fields, **({"attributes": ", ".join(named)} if named else {})}
