"""What each segment is like: its kinds by lift, spend and rhythm, and the products to offer it."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from scipy.stats import binomtest

_KINDS, _PRODUCTS = 10, 50
# A kind that fewer of a segment's users have bought, or a product that fewer are offered, says nothing of it.
_MIN_KIND_SHARE, _MIN_USERS = 0.05, 3


class _Lift(NamedTuple):
    """How often users of a segment have something.

    Attributes:
        key: What they have.
        users: How many have it.
        share: Their share of the segment's users.
        lift: That share divided by the share of all users who have it.
    """

    key: tuple[str, ...]
    users: int
    share: float
    lift: float


def segment_profiles(
    sums: Counter[Any], labels: Sequence[str], definitions: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Returns the profile of each segment that has users, by its name, in the order of the vocabulary.

    The lift of a kind is the share of the segment's users who lately bought it, divided by the share of all users who
    did; of a product, it is the same of those that the recommender offers it to, in a sample. Users are counted, not
    events, so that nobody counts twice. A lift under 1 says that fewer than usual do: a segment that buys little may
    have nothing else.

    Kinds that fewer than 1 in 20 of the segment have are left out, and the rest is ordered by the lift of the lower end
    of the share's 95% interval (Wilson, 1927, "Probable inference, the law of succession, and statistical inference"),
    so that few users prove little. Products are ordered by share times log(lift), a term of the relative entropy of the
    segment beside all (Kullback and Leibler, 1951, "On information and sufficiency"): what is offered often here and
    less often elsewhere. Those with a lift of 1 or less are left out, unless there is nothing else, and of equal titles
    the first one stays.

    Args:
        sums: Keys `(users, SEGMENT)`, `(days, SEGMENT)`, `(visits, SEGMENT)`, `(spend, SEGMENT)`, `(kind, SEGMENT,
            KIND)`, and maybe `(asked, SEGMENT)` and `(product, SEGMENT, ID, TITLE)`.
        labels: The vocabulary of segments.
        definitions: What the segments stand for; see `components.segmentation.examples.moments.segment_definitions`.

    Returns:
        `users`, their `share`, means of `spend`, `visits` and `days_since_last`, `kinds` and `products` with share and
        lift, and `from` and `to`, the spends that make the segment, where there are definitions.
    """
    users = {name: sums["users", name] for name in labels if sums["users", name]}
    every = sum(users.values())
    defined = {each["segment"]: {"from": each["from"], "to": each["to"]} for each in definitions}
    kinds = _lifts(sums, "kind", users)
    products = _lifts(sums, "product", {name: sums["asked", name] for name in users})
    return {
        name: {
            "users": users[name],
            "share": users[name] / every,
            **defined.get(name, {}),
            "spend": sums["spend", name] / users[name],
            "visits": sums["visits", name] / users[name],
            "days_since_last": sums["days", name] / users[name],
            "kinds": [
                {"kind": found.key[0], "share": found.share, "lift": found.lift}
                for found in _by_certain_lift(kinds[name], users[name])
            ][:_KINDS],
            "products": [
                {"product_id": found.key[0], "title": found.key[1], "share": found.share, "lift": found.lift}
                for found in _one_a_title(_by_gain(products[name]))
            ][:_PRODUCTS],
        }
        for name in users
    }


def _lifts(sums: Mapping[Any, float], what: str, users: Mapping[str, float]) -> dict[str, list[_Lift]]:
    """Returns how often each thing is had in each segment of so many users; a thing without a name is none."""
    counts: dict[str, dict[tuple[str, ...], int]] = {name: {} for name in users}
    totals: Counter[tuple[str, ...]] = Counter()
    for key, count in sums.items():
        if key[0] == what and key[2]:
            counts[key[1]][key[2:]] = int(count)
            totals[key[2:]] += int(count)
    every = sum(users.values())
    return {
        name: [
            _Lift(key, count, count / users[name], (count / users[name]) / (totals[key] / every))
            for key, count in found.items()
            if count >= _MIN_USERS
        ]
        for name, found in counts.items()
    }


def _by_certain_lift(kinds: list[_Lift], users: int) -> list[_Lift]:
    def certain_lift(kind: _Lift) -> float:
        lowest: float = binomtest(kind.users, users).proportion_ci(method="wilson").low
        return kind.lift * lowest / kind.share

    return sorted(
        (kind for kind in kinds if kind.share >= _MIN_KIND_SHARE), key=lambda kind: (-certain_lift(kind), kind.key)
    )


def _by_gain(products: list[_Lift]) -> list[_Lift]:
    fitting = [product for product in products if product.lift > 1.0] or products
    return sorted(fitting, key=lambda each: (-each.share * math.log(each.lift), -each.share, each.key))


def _one_a_title(products: Sequence[_Lift]) -> Iterator[_Lift]:
    seen: set[str] = set()
    for product in products:
        title = product.key[1]
        if not title or title not in seen:
            seen.add(title)
            yield product
