"""What to move from stores with too much to stores with too little."""

from typing import NamedTuple

import numpy as np

from trainer.demand.series import Floats


class Move(NamedTuple):
    """Pieces of a product that go from one store to another."""

    product_id: str
    from_store: str
    to_store: str
    quantity: int


def moves_between_stores(
    product_ids: list[str], store_ids: list[str], on_hand: Floats, wanted: Floats, needed: Floats
) -> list[Move]:
    """Returns moves, the largest gaps of each product first.

    A store gives what it has above `wanted`, and gets up to `wanted` where it has less than `needed`.

    Args:
        product_ids: Of each series.
        store_ids: Of each series; "" for one that is no store's.
        on_hand: `(series,)`; NaN is not known, and such a store takes no part.
        wanted: `(series,)`: what an order would bring the stock up to.
        needed: `(series,)`: what is likely to be sold until an order arrives.
    """
    places: dict[str, list[int]] = {}
    for row, (product, store) in enumerate(zip(product_ids, store_ids, strict=True)):
        if store and np.isfinite(on_hand[row]):
            places.setdefault(product, []).append(row)
    moves = []
    for product, rows in places.items():
        spare = {row: int(np.floor(on_hand[row] - wanted[row])) for row in rows if on_hand[row] - wanted[row] >= 1.0}
        short = {row: int(np.ceil(wanted[row] - on_hand[row])) for row in rows if on_hand[row] < needed[row]}
        for to_row in sorted(short, key=lambda row: (-short[row], store_ids[row])):
            for from_row in sorted(spare, key=lambda row: (-spare[row], store_ids[row])):
                quantity = min(short[to_row], spare[from_row])
                if quantity > 0:
                    moves.append(Move(product, store_ids[from_row], store_ids[to_row], quantity))
                    short[to_row] -= quantity
                    spare[from_row] -= quantity
    return moves
