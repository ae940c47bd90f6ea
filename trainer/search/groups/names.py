"""Chooses what a shop's results are grouped by."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from serving.search.grouping.groups import GroupNames
from trainer.search.groups.categories import category_tree
from trainer.search.groups.phrases import title_phrases

# A shop has categories where so large a share of its products has one.
CATEGORISED = 0.5


def group_names(
    titles: Sequence[str | None], categories: Sequence[str | None], text_of_product: npt.NDArray[np.integer]
) -> GroupNames:
    """Returns a shop's categories, or where most products have none, or all have one alone, phrases of the titles.

    Args:
        titles: One a product.
        categories: One a product, levels joined by " > "; empty or None for none.
        text_of_product: int `(products,)`: from 0 on; a text has the title of its first product.
    """
    tree = category_tree(categories)
    known = tree.path_of_product != 0
    if known.mean() >= CATEGORISED and len(tree.paths) > 2:
        labels = [label.encode() for label in tree.labels]
        return GroupNames(labels=labels, categories=tree.paths, path_of_product=tree.path_of_product)
    _, firsts = np.unique(text_of_product, return_index=True)
    found = title_phrases([titles[product] or "" for product in firsts.tolist()])
    return GroupNames(labels=[label.encode() for label in found.labels], phrases=found.phrases)
