"""What behaviour says of products, out of the artifact of the examples."""

from typing import Any

import numpy as np
import pyarrow as pa

from serving.segmentation.behaviour import Behaviour, BehaviourProducts
from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.exporting import byte_strings


def load_behaviour(catalogue_uri: str, history_length: int) -> Behaviour:
    """Returns what describes histories, in training as in serving.

    Args:
        catalogue_uri: The Catalogue artifact of the examples.
        history_length: Latest events of a history.
    """
    facts = load_catalogue_facts(catalogue_uri)
    products = behaviour_products(load_catalogue(catalogue_uri))
    return Behaviour(products, facts["event_types"], facts["bought_event_type"], history_length)


def behaviour_products(table: pa.Table) -> BehaviourProducts:
    """Returns the columns of the artifact's table as the served model wants them; kinds and areas in order of name."""
    kinds, kind_names = _numbered(table, "kind")
    areas, area_names = _numbered(table, "area")
    return BehaviourProducts(
        product_ids=byte_strings(table["product_id"]),
        titles=byte_strings(table["title"]),
        kinds=kinds,
        kind_names=[name.encode("utf-8", "surrogateescape") for name in kind_names],
        areas=areas,
        area_names=area_names,
        spends=table["spend"].to_numpy(),
    )


def _numbered(table: pa.Table, name: str) -> tuple[Any, list[str]]:
    names, places = np.unique(np.array(table[name].to_pylist(), object), return_inverse=True)
    return places, names.tolist()
