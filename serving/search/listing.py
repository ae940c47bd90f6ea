"""What an answer lists: the best things within filters and limits, with the merchant's pins in their places."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from serving.merchant.pins import HoldingPins
from serving.search.answer import FoundWithPins
from serving.search.finding import find
from serving.search.pins import SearchPins
from serving.search.ranking import Ranking
from serving.search.reading import ReadQuery
from serving.search.things import Found, PassingProducts, Things
from serving.search.wishes.filter import WishFilter
from serving.search.wishes.wish import Wish

# Things that are grouped, however few of them an answer shows.
GROUPED = 100


class Listed(NamedTuple):
    """What is grouped, of which the first columns are shown.

    Attributes:
        found: The things.
        pinned: bool, like them: whether a pin has put each where it stands.
        variants: int32 `(batch, shown)`: products that each of the shown things stands for, itself included.
    """

    found: Found
    pinned: tf.Tensor
    variants: tf.Tensor


class Listing(tf.Module):
    """Lists things.

    Args:
        ranking: Ranks texts.
        things: What is listed.
        limits: Knows what limits in queries let pass.
        pins: Knows what the merchant lets pass, and puts in its place.
    """

    def __init__(self, ranking: Ranking, things: Things, limits: WishFilter, pins: SearchPins) -> None:
        super().__init__(name="listing")
        self._ranking, self._things, self._limits, self._pins = ranking, things, limits, pins

    def of_all(self, read: ReadQuery, width: tf.Tensor) -> Listed:
        """Lists the best things of all products where no pin holds, an int32 scalar of them to be shown."""
        passing = self._things.passing()
        found = find(self._ranking, read, width, self._things, passing, grouped=GROUPED)
        return self.shown(FoundWithPins.without(found), width, passing)

    def within(
        self,
        read: ReadQuery,
        wish: Wish,
        pins: HoldingPins,
        width: tf.Tensor,
        mask: tf.Tensor,
        reorder: Callable[[Found], Found] | None = None,
    ) -> Listed:
        """Lists the best things of those products that filters, limits and pins let pass.

        Args:
            read: What queries ask for.
            wish: Their limits.
            pins: What the merchant says of them.
            width: int32 scalar: how many things are shown.
            mask: bool `(batch, products)`, in the order of `Things.order`: what the filters let pass.
            reorder: Puts what was found into another order, before pins have their places.
        """
        mask = tf.cond(wish.is_limited, lambda: mask & self._limits.allowed(wish), lambda: mask)
        allowed = self._pins.allowed(pins)
        passing = self._things.passing(mask if allowed is None else mask & allowed)
        found = find(self._ranking, read, width, self._things, passing, grouped=GROUPED)
        found = found if reorder is None else reorder(found)
        return self.shown(self._pins.listed(found, pins, passing), width, passing)

    def shown(self, listed: FoundWithPins, width: tf.Tensor, passing: PassingProducts) -> Listed:
        """Adds how many products those that are shown stand for."""
        return Listed(listed.found, listed.pinned, self._things.variants(listed.found.cut(width), passing))
