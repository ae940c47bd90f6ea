"""Catalogue artifacts that hold what checks read of them."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from components.products.catalogue import write_catalogue, write_catalogue_facts


def write_catalogue_of(folder: Path, titles: Mapping[str, str], **facts: object) -> str:
    """Writes products without categories, and what catalogue.json says; returns the artifact's uri."""
    folder.mkdir(exist_ok=True)
    columns = {"product_id": list(titles), "title": list(titles.values()), "category": [""] * len(titles)}
    write_catalogue(str(folder), pa.table(columns))
    write_catalogue_facts(str(folder), facts)
    return str(folder)
