"""What each segment is like: its kinds by lift, spend and rhythm, and the products to offer it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

_KINDS, _PRODUCTS = 10, 50
# A kind, or a product, that fewer events, or users, have says nothing of a segment.
_MIN_EVENTS, _MIN_USERS = 20, 3


def segment_profiles(sums: Counter[Any]) -> dict[str, Any]:
    """Returns the profile of each segment, by its name.

    The lift of a kind is its share of the segment's events divided by its share of all. The score of a product is the
    share of the segment's users, in a sample, that the recommender offers it to, times its lift: that share divided by
    the share of all of them.

    Args:
        sums: Keys `(users, SEGMENT)`, `(days, SEGMENT)`, `(visits, SEGMENT)`, `(spend, SEGMENT)`, `(kind, SEGMENT,
            KIND)`, and maybe `(asked, SEGMENT)` and `(product, SEGMENT, ID, TITLE)`.

    Returns:
        `users`, their `share`, means of `spend`, `visits` and `days_since_last`, `kinds` by lift, and `products` by
        score.
    """
    segments = sorted({key[1] for key in sums})
    users = {name: sums["users", name] for name in segments}
    every = sum(users.values())
    kinds = _lifts(sums, "kind", None)
    products = _lifts(sums, "product", "asked")
    return {
        name: {
            "users": users[name],
            "share": users[name] / every,
            "spend": sums["spend", name] / users[name],
            "visits": sums["visits", name] / users[name],
            "days_since_last": sums["days", name] / users[name],
            "kinds": [
                {"kind": key[0], "share": share, "lift": lift}
                for key, share, lift in sorted(kinds.get(name, []), key=lambda each: (-each[2], each[0]))
                if key[0]
            ][:_KINDS],
            "products": [
                {"product_id": key[0], "title": key[1], "score": share * lift, "lift": lift}
                for key, share, lift in sorted(products.get(name, []), key=lambda each: (-each[1] * each[2], each[0]))
            ][:_PRODUCTS],
        }
        for name in segments
    }


def _lifts(sums: Mapping[Any, float], what: str, per: str | None) -> dict[str, list[tuple[Any, float, float]]]:
    """Returns key, share and lift of each thing by segment; shares are of `per`, or of all counts of `what`."""
    counts: dict[str, dict[Any, float]] = {}
    totals: dict[Any, float] = {}
    for key, count in sums.items():
        if key[0] == what:
            counts.setdefault(key[1], {})[key[2:]] = count
            totals[key[2:]] = totals.get(key[2:], 0.0) + count
    if per is None:
        wholes = {name: sum(found.values()) for name, found in counts.items()}
    else:
        wholes = {key[1]: count for key, count in sums.items() if key[0] == per}
    everything = sum(wholes.values())
    least = _MIN_EVENTS if per is None else _MIN_USERS
    return {
        name: [
            (key, count / wholes[name], (count / wholes[name]) / (totals[key] / everything))
            for key, count in found.items()
            if count >= least
        ]
        for name, found in counts.items()
    }
