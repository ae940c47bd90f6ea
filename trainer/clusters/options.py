"""Options of the clusters of products."""

import math
from typing import NamedTuple

from pydantic import Field

from trainer.options import Options

# Weight of a price or a rating that is tried where the options give none.
NUMBER_WEIGHT = 0.2


class ClusterCounts(NamedTuple):
    """How many clusters are looked for on each level."""

    tops: int
    leaves: int


class ClusterOptions(Options):
    """How products are grouped into top clusters, and these into leaves.

    Attributes:
        top_clusters: Clusters of the upper level. Left out: the square root of the number of leaves.
        sub_clusters: Leaves of a top cluster on average; more varied clusters get more. Left out: sqrt(products / 2)
            leaves in all (Mardia, Kent and Bibby, Multivariate Analysis, 1979).
        learn: Whether vectors are learned for the clusters: from categories, or else from what is bought or found
            together and from titles with words left out. `false` clusters the text vectors as they are.
        title_views: Titles with words left out that are learned from at the most; each is encoded once.
        image_weight: Factor of the image vectors, of length 1, beside the text vectors, of length 1; 0 leaves them out.
        price_weight: Factor of the standardised log price beside the text vectors; 0 leaves it out. Left out: 0.2 where
            that helps on titles that were held out, else 0.
        rating_weight: Factor of the standardised rating beside the text vectors; 0 leaves it out. Left out: as for the
            price.
        sample_size: Vectors that k-means learns from at the most; all products are assigned.
        label_words: Words of a label at the most, where labels are not the shop's categories.
        texts_per_label: Texts of a leaf that its label is read from at the most.
        judged_products: Products that the quality of the clusters is measured on at the most.
    """

    top_clusters: int | None = Field(default=None, ge=1, le=1000)
    sub_clusters: int | None = Field(default=None, ge=1, le=1000)
    learn: bool = True
    title_views: int = Field(default=2_000, ge=0)
    image_weight: float = Field(default=0.0, ge=0.0)
    price_weight: float | None = Field(default=None, ge=0.0)
    rating_weight: float | None = Field(default=None, ge=0.0)
    sample_size: int = Field(default=50_000, ge=1)
    label_words: int = Field(default=3, ge=1, le=10)
    texts_per_label: int = Field(default=200, ge=1)
    judged_products: int = Field(default=2_000, ge=1)

    def counts(self, products: int) -> ClusterCounts:
        """Returns the numbers of clusters to look for among so many products, never more than there are."""
        leaves = math.sqrt(products / 2)
        if self.top_clusters is not None and self.sub_clusters is not None:
            leaves = self.top_clusters * self.sub_clusters
        elif self.sub_clusters is not None:
            # As many top clusters as leaves in each would be; the root of the leaves is not known before they are.
            leaves = max(leaves, self.sub_clusters)
        whole_leaves = min(max(round(leaves), self.top_clusters or 1, 1), max(products, 1))
        if self.top_clusters is not None:
            tops = self.top_clusters
        elif self.sub_clusters is not None:
            tops = round(whole_leaves / self.sub_clusters)
        else:
            tops = round(math.sqrt(whole_leaves))
        return ClusterCounts(tops=min(max(tops, 1), whole_leaves), leaves=whole_leaves)
