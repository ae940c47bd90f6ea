"""A few products, random histories of them, and what is said of a history in plain Python."""

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from serving.segmentation.behaviour import Behaviour, BehaviourProducts

EVENT_TYPES = ("view", "purchase")
HISTORY_LENGTH = 24
DAY = 86_400.0
PRODUCTS = 12
IDS = ["a b", "牛奶", "line\nbreak", *(f"P{number}" for number in range(PRODUCTS - 3))]
TITLES = [f"Title {number}" for number in range(PRODUCTS)]
KINDS = ["Milk", "Bread, white", "Tea", "茶"]
KIND = [number % len(KINDS) for number in range(PRODUCTS)]
AREAS = ["Food", "other"]
AREA = [number % 2 for number in range(PRODUCTS)]
SPEND = [1.5 * (number + 1) for number in range(PRODUCTS)]

Event = tuple[str, str, float]


def products() -> BehaviourProducts:
    """What behaviour says of the products."""
    return BehaviourProducts(
        product_ids=[name.encode() for name in IDS],
        titles=[title.encode() for title in TITLES],
        kinds=KIND,
        kind_names=[kind.encode() for kind in KINDS],
        areas=AREA,
        area_names=AREAS,
        spends=SPEND,
    )


def behaviour() -> Behaviour:
    """Describes histories of these products."""
    return Behaviour(products(), EVENT_TYPES, "purchase", HISTORY_LENGTH)


def random_history(random: np.random.Generator, events: int) -> list[Event]:
    """Events in order, the newest last, some at the same time, of days up to a year."""
    ages = np.sort(random.choice(np.arange(0, 360, 3) * DAY + 3600.0, events))[::-1]
    ids = random.choice(len(IDS), events)
    return [(IDS[each], str(random.choice(EVENT_TYPES)), float(age)) for each, age in zip(ids, ages, strict=True)]


def padded(histories: Sequence[Sequence[Event]], width: int = HISTORY_LENGTH) -> dict[str, np.ndarray]:
    """The inputs of the signatures."""
    ids, types = (np.full((len(histories), width), b"", object) for _ in range(2))
    ages = np.zeros((len(histories), width), np.float32)
    for row, history in enumerate(histories):
        for place, (product, event_type, age) in enumerate(history):
            ids[row, place], types[row, place], ages[row, place] = product.encode(), event_type.encode(), age
    return {"history_ids": ids, "history_types": types, "history_age_seconds": ages}


def plain_text(history: Sequence[Event]) -> str:
    """What `BehaviourText` writes."""
    if not history:
        return "no visits"
    visits = {age for _, _, age in history}
    short, long = (sum(age < weeks * 7 * DAY for age in visits) for weeks in (4, 16))
    parts = [f"{short} visit{'' if short == 1 else 's'} in 4 weeks, {long} in 16, last {ago(min(visits))}"]
    by_kind: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place, (product, event_type, _) in enumerate(history):
        by_kind[KIND[IDS.index(product)], event_type].append(place)
    weight = {kind: sum(2 ** (-history[place][2] / (56 * DAY)) for place in places) for kind, places in by_kind.items()}
    for kind, event_type in sorted(by_kind, key=lambda each: (-weight[each], by_kind[each][-1]))[:5]:
        places = by_kind[kind, event_type]
        times = "1 time" if len(places) == 1 else f"{len(places)} times"
        parts.append(f"{event_type} {KINDS[kind]} {times}, {ago(history[places[-1]][2])}")
    parts += [f"lately {TITLES[IDS.index(product)]}" for product, _, _ in history[-2:]]
    return "; ".join(parts)


def ago(seconds: float) -> str:
    """The age in words."""
    days = int(seconds // DAY)
    if days < 1:
        return "today"
    if days < 14:
        return "1 day ago" if days == 1 else f"{days} days ago"
    return f"{days // 7} weeks ago" if days // 7 < 9 else f"{days // 30} months ago"


def plain_numbers(history: Sequence[Event]) -> dict[str, float]:
    """Some of what `BehaviourNumbers` says, by its names."""
    spends = [(age / DAY / 7, SPEND[IDS.index(product)]) for product, kind, age in history if kind == "purchase"]
    areas = [AREA[IDS.index(product)] for product, kind, _ in history if kind == "purchase"]
    visits = sorted({age / DAY / 7 for _, _, age in history})
    lately = [spend * 2 ** (-week / 8) for week, spend in spends]
    food = sum(spend for spend, area in zip(lately, areas, strict=True) if area == 0)
    weekly = [sum(spend for week, spend in spends if int(week) == number) for number in range(16)]
    gap = (visits[-1] - visits[0]) * 7 / max(len(visits) - 1, 1) if visits else 0.0
    last = visits[0] * 7 if visits else 400.0
    return {
        "spend in 8 weeks": math.log1p(sum(spend for week, spend in spends if week < 8)),
        "visits in 16 weeks": math.log1p(sum(week < 16 for week in visits)),
        "spend 16 to 24 weeks ago": math.log1p(sum(spend for week, spend in spends if 16 <= week < 24)),
        "recent visits, halved every 4 weeks": math.log1p(sum(2 ** (-week / 4) for week in visits)),
        "days since the last visit": math.log1p(last),
        "events": math.log1p(len(history)),
        "days since the last visit beside those between visits": math.log1p(last) - math.log1p(gap),
        "share of recent spend on Food": food / (sum(lately) + 1),
        "share of 16 weeks with spend": sum(spend > 0 for spend in weekly) / 16,
        "deviation of the weekly spend of 16 weeks": math.log1p(float(np.std(weekly))),
        "spend in the least of 4 months": math.log1p(min(sum(weekly[4 * month : 4 * month + 4]) for month in range(4))),
        "recent events of view": math.log1p(sum(2 ** (-age / DAY / 56) for _, kind, age in history if kind == "view")),
    }
