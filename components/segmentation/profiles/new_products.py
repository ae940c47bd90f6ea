"""Products that nobody has bought yet, and what users' habits in category, brand and title say of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.events.history import IntArray
from components.products.catalogue import by_product_id, filled
from components.segmentation.examples.user_events import UserEvents
from serving.graph.catalogue import CATEGORY_SEPARATOR

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

NEW_PRODUCT_COLUMNS = ("product_id", "title", "category", "brand", "price", "recommendable")
_LEVELS, _RECENT = 2, 2
GROUPS = ("category", "category and brand", "title")
_OF_A_GROUP = ("purchases", "purchases lately", "share of the purchases", "sold", "sold lately", "buyers of a new one")
HABITS = (
    *(f"{number} of the {group}" for group in GROUPS for number in _OF_A_GROUP),
    "price",
    "price beside the user's",
    "purchases",
)


class ProductGroups(NamedTuple):
    """Products, what they have in common, and how they have sold.

    Attributes:
        product_ids: In byte order, binary `(products,)`.
        codes: Of each of `GROUPS`, the group that a product is in, int64 `(groups, products)`.
        log_price: NaN where there is no price, `(products,)`.
        offered: Whether the product may be recommended, `(products,)`.
        bought: Purchases before the end of the events less 0, 1, 2 … periods, `(products, moments)`.
    """

    product_ids: pa.Array
    codes: IntArray
    log_price: FloatArray
    offered: BoolArray
    bought: FloatArray

    def new(self, back: int, *, sold: bool) -> IntArray:
        """Returns the rows of products that nobody had bought so many periods before the end, in order.

        Args:
            back: Periods.
            sold: Whether only those count that were bought in the period after; else those that may be recommended.
        """
        unsold = self.bought[:, back] == 0.0
        return np.flatnonzero(unsold & (self.bought[:, back - 1] > 0.0 if sold else self.offered))


def purchases_by_moment(events: UserEvents, moments: Sequence[int]) -> pa.Table:
    """Returns product_id (binary) and `bought_0`, `bought_1` …: purchases before each moment, of what was bought."""
    encoded = events.product_id.filter(pa.array(events.bought)).dictionary_encode()
    codes, times = encoded.indices.to_numpy(), events.time[events.bought]
    counts = {
        f"bought_{place}": np.bincount(codes[times < moment], minlength=len(encoded.dictionary))
        for place, moment in enumerate(moments)
    }
    return pa.table({"product_id": encoded.dictionary, **counts})


def describe_groups(sums: pa.Table, products: pa.Table) -> ProductGroups:
    """Puts products into groups; holds them in memory.

    Args:
        sums: What `purchases_by_moment` counted, added up.
        products: The products table with plain columns of `NEW_PRODUCT_COLUMNS`, of which only product_id is needed.
    """
    products = by_product_id(products)
    ids = products["product_id"].combine_chunks().cast(pa.binary())
    paths = np.array(filled(products, "category", pa.string(), "").to_pylist(), object)
    brands = np.array(filled(products, "brand", pa.string(), "").to_pylist(), object)
    titles = filled(products, "title", pa.string(), products["product_id"].cast(pa.string())).to_pylist()
    tops = [CATEGORY_SEPARATOR.join(path.split(CATEGORY_SEPARATOR)[:_LEVELS]) for path in paths]
    names = (tops, [f"{path}\0{brand}" for path, brand in zip(paths, brands, strict=True)], titles)
    codes = np.stack([np.unique(np.array(each, object), return_inverse=True)[1] for each in names])
    place = pc.index_in(ids, value_set=sums["product_id"].combine_chunks())
    columns = sorted((name for name in sums.column_names if name != "product_id"), key=lambda name: int(name[7:]))
    with np.errstate(divide="ignore", invalid="ignore"):
        price = np.log(filled(products, "price", pa.float64(), float("nan")).to_numpy())
    return ProductGroups(
        product_ids=ids,
        codes=codes.astype(np.int64),
        log_price=np.where(np.isfinite(price), price, np.nan),
        offered=filled(products, "recommendable", pa.bool_(), True).to_numpy(),
        bought=np.stack([pc.fill_null(sums[name].take(place), 0).to_numpy() for name in columns], axis=1).astype(float),
    )


def new_product_habits(
    user: IntArray, product: IntArray, age: IntArray, users: int, groups: ProductGroups, new: IntArray, back: int,
    period_seconds: int,
) -> npt.NDArray[np.float32]:  # fmt: skip
    """Returns `HABITS` of each user and new product at a moment.

    Args:
        user: Of each purchase before the moment, the user, `(purchases,)`.
        product: The product's row, `(purchases,)`.
        age: Seconds before the moment, above zero, `(purchases,)`.
        users: How many users there are.
        groups: The products.
        new: Rows of the new products.
        back: Periods from the moment to the end of the events.
        period_seconds: Length of a period.

    Returns:
        float32 `(users, new products, numbers)`.
    """
    if not len(new):
        return np.zeros((users, 0, len(HABITS)), np.float32)
    total = np.bincount(user, minlength=users).astype(np.float64)
    sold = groups.bought[:, back]
    lately = sold - groups.bought[:, back + 1]
    was_new = (groups.bought[:, back + 1] == 0.0) & (sold > 0.0)
    columns = []
    for codes in groups.codes:
        wanted, of_new = np.unique(codes[new], return_inverse=True)
        place = np.minimum(np.searchsorted(wanted, codes), len(wanted) - 1)
        known = wanted[place] == codes
        kept = known[product]
        cell = user[kept] * len(wanted) + place[product[kept]]
        shape = (users, len(wanted))
        every, recent = (
            np.bincount(cell[chosen], minlength=users * len(wanted)).reshape(shape)
            for chosen in (slice(None), age[kept] < _RECENT * period_seconds)
        )
        columns += [np.log1p(every), np.log1p(recent), every / np.maximum(total, 1.0)[:, np.newaxis]]
        columns = [*columns[:-3], *(column[:, of_new] for column in columns[-3:])]
        for weights in (sold, lately):
            by_group = np.bincount(place[known], weights[known], minlength=len(wanted))
            columns.append(np.broadcast_to(np.log1p(by_group)[of_new], (users, len(new))))
        fresh = known & was_new
        buyers = np.bincount(place[fresh], lately[fresh], minlength=len(wanted)) + 1.0
        rate = np.log(buyers / (np.bincount(place[fresh], minlength=len(wanted)) + 1.0))
        columns.append(np.broadcast_to(rate[of_new], (users, len(new))))
    paid = groups.log_price[product]
    priced = np.isfinite(paid)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(user[priced], paid[priced], minlength=users) / np.bincount(user[priced], minlength=users)
    price = np.broadcast_to(groups.log_price[new], (users, len(new)))
    columns += [price, price - mean[:, np.newaxis], np.broadcast_to(np.log1p(total)[:, np.newaxis], price.shape)]
    return np.stack(columns, axis=-1).astype(np.float32)
