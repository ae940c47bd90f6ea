"""A made-up shop whose structure is known, so that a test can see whether a model found it.

What is planted:

- Products are of kinds. Product p is of kind `p % kinds`; its title is made of its kind's words, and two
  kinds in ten have Chinese titles.
- A user prefers two kinds, and nine in ten sessions are about one of them. Which ones depends on the seed
  and the user's number alone.
- Within a kind, products are bought by a power law of their rank, `p // kinds`.
- Every fifth product of a kind leads a bundle: four in five who buy it buy its partner, the product of the
  next rank in the next kind, in the same basket.
- Bots, where a share of the events is to be theirs, view and buy the products that nobody else wants, every
  three seconds.
- Reviews, where a share of the purchases is to be reviewed, days later by who bought.
- Fake reviews, where a share of the events is to be those: accounts that buy nothing review the same products as bots
  push, and best sellers beside them, as many accounts as it takes, each one product a day.

A user's events come from a generator seeded by (seed, user), so they do not depend on how users are dealt
out to workers. Times lie in 2024.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from serving.graph.time_units import DAY_SECONDS, HOUR_SECONDS

YEAR_START_SECONDS = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
YEAR_SECONDS = 365 * DAY_SECONDS

_FAVOURITE_SHARE, _BUNDLE_SHARE, _BUNDLE_EVERY = 0.9, 0.8, 5
_CART_SHARE, _PURCHASE_SHARE = 0.5, 0.35
_BOT_EVENTS, _BOT_SECONDS, _PUSHED = 400, 3, 5
_CART_DELAY_SECONDS, _PURCHASE_DELAY_SECONDS = 60, 300
_LATEST_REVIEW_DAYS = 14
_BRANDS = ("Aster", "Birch", "Cobalt", "Dune", "Ember", "Fjord", "Grove", "Halo")
_AGE_GROUPS = ("18-29", "30-44", "45-59", "60+")
# Department, kind, words of its titles, separator of words.
_KINDS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...], str], ...] = (
    ("Kitchen", "Tea Pots", ("Cast Iron", "Glass", "Porcelain", "Travel"), ("Tea Pot", "Tea Kettle", "Infuser"), " "),
    ("Kitchen", "Knives", ("Forged", "Serrated", "Ceramic", "Folding"), ("Chef Knife", "Bread Knife", "Cleaver"), " "),
    ("食品", "茶叶", ("有机", "高山", "陈年", "清香"), ("绿茶", "乌龙茶", "普洱茶"), ""),
    ("Garden", "Seeds", ("Heirloom", "Organic", "Dwarf", "Climbing"), ("Tomato Seeds", "Bean Seeds", "Pea Seeds"), " "),
    ("Garden", "Tools", ("Steel", "Long Handled", "Compact", "Bamboo"), ("Spade", "Rake", "Pruning Shears"), " "),
    ("Sports", "Running", ("Trail", "Road", "Lightweight", "Winter"), ("Running Shoes", "Running Vest", "Socks"), " "),
    ("Sports", "Cycling", ("Carbon", "Gravel", "Commuter", "Reflective"), ("Bike Helmet", "Saddle", "Bike Light"), " "),
    ("家居", "灯具", ("北欧", "复古", "智能", "护眼"), ("台灯", "落地灯", "吊灯"), ""),
    ("Office", "Paper", ("Dotted", "Ruled", "Recycled", "Hardcover"), ("Notebook", "Sketchbook", "Planner"), " "),
    ("Pets", "Cats", ("Grain Free", "Kitten", "Senior", "Indoor"), ("Cat Food", "Cat Treats", "Cat Litter"), " "),
)


@dataclass(frozen=True, kw_only=True)
class SyntheticShop:
    """The size and the seed of a shop.

    Attributes:
        products: Number of products.
        users: Number of users.
        events_per_user: Mean number of a user's events, about.
        seed: Seed of everything.
        bot_share: Share of all events that are those of bots, about; they come beside the users' own.
        review_share: Share of the purchases that are reviewed.
        fake_review_share: Share of all events that are fake reviews, about; they come beside the users' own.
    """

    products: int = 2_000
    users: int = 1_000
    events_per_user: int = 40
    seed: int = 0
    bot_share: float = 0.0
    review_share: float = 0.0
    fake_review_share: float = 0.0

    @property
    def bots(self) -> int:
        """Number of bots, which are users by the numbers after those of people."""
        return self._accounts(self.bot_share, _BOT_EVENTS)

    @property
    def fake_reviewers(self) -> int:
        """Number of accounts that write fake reviews, which are users by the numbers after those of bots."""
        return self._accounts(self.fake_review_share, 2 * _PUSHED)

    @property
    def accounts(self) -> int:
        """Number of everybody who has events."""
        return self.users + self.bots + self.fake_reviewers

    @property
    def pushed(self) -> tuple[int, ...]:
        """The products that bots push: of the last kinds the last in rank."""
        return tuple(range(self.products - _PUSHED, self.products))

    @property
    def kinds(self) -> int:
        """Number of kinds: one for 20 products, 4 to 40 of them."""
        return min(self.products, 40, max(4, self.products // 20))

    def _accounts(self, share: float, events: int) -> int:
        return round(self.users * self.events_per_user * share / (1.0 - share) / events)

    def favourite_kinds(self, user: int) -> tuple[int, int]:
        """Returns the two kinds that a user prefers."""
        first, second = np.random.default_rng((self.seed, user, 1)).choice(self.kinds, size=2, replace=False)
        return int(first), int(second)

    def bundle_partner(self, product: int) -> int | None:
        """Returns the product that is bought together with a product, or None if it leads no bundle."""
        kind, rank = product % self.kinds, product // self.kinds
        partner = (rank + 1) * self.kinds + (kind + 1) % self.kinds
        return partner if rank % _BUNDLE_EVERY == 0 and partner < self.products else None


def product_id(product: int) -> str:
    """Returns the id of a product."""
    return f"p{product:07d}"


def user_id(user: int) -> str:
    """Returns the id of a user."""
    return f"u{user:08d}"


def product_rows(shop: SyntheticShop, start: int, end: int) -> pa.Table:
    """Returns the products table's rows of products `start` to `end` (excluded)."""
    rows = [_product(shop, product) for product in range(start, end)]
    return pa.Table.from_pylist(rows, PRODUCTS_SCHEMA)


def user_rows(shop: SyntheticShop, start: int, end: int) -> pa.Table:
    """Returns the users table's rows of users `start` to `end` (excluded)."""
    rows = [
        {
            "user_id": user_id(user),
            "age_group": _AGE_GROUPS[int(np.random.default_rng((shop.seed, user, 2)).integers(len(_AGE_GROUPS)))],
            "favourite_kind": _kind_name(shop.favourite_kinds(user)[0]),
        }
        for user in range(start, end)
    ]
    return pa.Table.from_pylist(rows, USERS_SCHEMA)


def event_rows(shop: SyntheticShop, start: int, end: int) -> pa.Table:
    """Returns the events of users `start` to `end` (excluded), in order of users and time.

    Bots come after people, and who writes fake reviews after bots.
    """

    def events(user: int) -> pa.Table:
        if user < shop.users:
            return _user_events(shop, user)
        return _bot_events(shop, user) if user < shop.users + shop.bots else _fake_reviews(shop, user)

    tables = [events(user) for user in range(start, end)]
    return pa.concat_tables(tables) if tables else EVENTS_SCHEMA.empty_table()


PRODUCTS_SCHEMA = pa.schema(
    [
        ("product_id", pa.string()),
        ("title", pa.string()),
        ("description", pa.string()),
        ("brand", pa.string()),
        ("category", pa.string()),
        ("price", pa.float32()),
        ("rating", pa.float32()),
        ("in_stock", pa.bool_()),
    ]
)
USERS_SCHEMA = pa.schema([("user_id", pa.string()), ("age_group", pa.string()), ("favourite_kind", pa.string())])
EVENTS_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("product_id", pa.string()),
        ("event_type", pa.string()),
        ("timestamp", pa.int64()),
        ("basket_id", pa.string()),
    ]
)


def _kind_name(kind: int) -> str:
    series, name = divmod(kind, len(_KINDS))
    return _KINDS[name][1] if series == 0 else f"{_KINDS[name][1]} {series + 1}"


def _product(shop: SyntheticShop, product: int) -> dict[str, object]:
    kind, rank = product % shop.kinds, product // shop.kinds
    department, _, qualities, things, separator = _KINDS[kind % len(_KINDS)]
    quality, thing = qualities[rank % len(qualities)], things[rank // len(qualities) % len(things)]
    generator = np.random.default_rng((shop.seed, product, 3))
    return {
        "product_id": product_id(product),
        "title": separator.join((quality, thing)) + f" {kind // len(_KINDS) + 1}-{rank + 1}",
        "description": f"{thing} ({quality})",
        "brand": _BRANDS[int(generator.integers(len(_BRANDS)))],
        "category": f"{department} > {_kind_name(kind)}",
        "price": round(float(generator.lognormal(3.0 + 0.1 * (kind % 10), 0.5)), 2),
        "rating": round(float(generator.uniform(2.5, 5.0)), 1),
        "in_stock": bool(generator.random() < 0.95),
    }


def _user_events(shop: SyntheticShop, user: int) -> pa.Table:
    """Draws a user's sessions; each session is one kind, a few views, and what comes of them."""
    generator = np.random.default_rng((shop.seed, user))
    # A viewed product makes 1 + 0.5 + 0.5 * 0.35 events or so, and a session views two on average.
    sessions = 1 + int(generator.poisson(max(0.0, shop.events_per_user / 3.4 - 1)))
    starts = np.sort(generator.integers(0, YEAR_SECONDS - HOUR_SECONDS, size=sessions))
    favourites = shop.favourite_kinds(user)
    rows: list[tuple[int, str, int, int]] = []
    for session, start in enumerate(starts.tolist()):
        favoured = generator.random() < _FAVOURITE_SHARE
        kind = favourites[int(generator.integers(2))] if favoured else int(generator.integers(shop.kinds))
        viewed = _ranks(generator, 1 + int(generator.integers(3)), _kind_size(shop, kind)) * shop.kinds + kind
        bought: list[int] = []
        for place, product in enumerate(dict.fromkeys(viewed.tolist())):
            rows.append((start + 5 * place, "view", product, session))
            if generator.random() < _CART_SHARE:
                rows.append((start + _CART_DELAY_SECONDS + 5 * place, "cart", product, session))
                if generator.random() < 2 * _PURCHASE_SHARE:
                    bought.append(product)
                    partner = shop.bundle_partner(product)
                    if partner is not None and generator.random() < _BUNDLE_SHARE:
                        bought.append(partner)
        rows += [(start + _PURCHASE_DELAY_SECONDS, "purchase", product, session) for product in dict.fromkeys(bought)]
    rows += _reviews(shop, user, [row for row in rows if row[1] == "purchase"])
    rows.sort(key=lambda row: (row[0], row[3]))
    return pa.table(
        {
            "user_id": [user_id(user)] * len(rows),
            "product_id": [product_id(row[2]) for row in rows],
            "event_type": [row[1] for row in rows],
            "timestamp": [YEAR_START_SECONDS + row[0] for row in rows],
            "basket_id": [f"{user_id(user)}-{row[3]}" for row in rows],
        },
        schema=EVENTS_SCHEMA,
    )


def _reviews(
    shop: SyntheticShop, user: int, purchases: list[tuple[int, str, int, int]]
) -> list[tuple[int, str, int, int]]:
    """Draws which purchases are reviewed, and when; none of it moves what else is drawn of a user."""
    generator = np.random.default_rng((shop.seed, user, 4))
    reviewed = generator.random(len(purchases)) < shop.review_share
    delays = generator.integers(1, _LATEST_REVIEW_DAYS * DAY_SECONDS, size=len(purchases))
    return [
        (min(second + delay, YEAR_SECONDS - 1), "review", product, session)
        for (second, _, product, session), chosen, delay in zip(purchases, reviewed, delays.tolist(), strict=True)
        if chosen
    ]


def _fake_reviews(shop: SyntheticShop, account: int) -> pa.Table:
    """Draws when an account reviews what is pushed, and a best seller after each (a bandwagon attack).

    Source: Mobasher et al., "Toward trustworthy recommender systems: an analysis of attack models and algorithm
    robustness", ACM TOIT 2007.
    """
    products = [product for pair in zip(shop.pushed, range(_PUSHED), strict=True) for product in pair]
    start = int(np.random.default_rng((shop.seed, account)).integers(0, YEAR_SECONDS - len(products) * DAY_SECONDS))
    return pa.table(
        {
            "user_id": [user_id(account)] * len(products),
            "product_id": [product_id(product) for product in products],
            "event_type": ["review"] * len(products),
            "timestamp": [YEAR_START_SECONDS + start + DAY_SECONDS * place for place in range(len(products))],
            "basket_id": [f"{user_id(account)}-{place}" for place in range(len(products))],
        },
        schema=EVENTS_SCHEMA,
    )


def _bot_events(shop: SyntheticShop, bot: int) -> pa.Table:
    """Draws what a bot does at one go: every product that it is there to push, viewed and bought in turns."""
    start = int(np.random.default_rng((shop.seed, bot)).integers(0, YEAR_SECONDS - HOUR_SECONDS))
    places = range(_BOT_EVENTS)
    return pa.table(
        {
            "user_id": [user_id(bot)] * _BOT_EVENTS,
            "product_id": [product_id(shop.pushed[place // 2 % len(shop.pushed)]) for place in places],
            "event_type": [("view", "purchase")[place % 2] for place in places],
            "timestamp": [YEAR_START_SECONDS + start + _BOT_SECONDS * place for place in places],
            "basket_id": [f"{user_id(bot)}-{place // 10}" for place in places],
        },
        schema=EVENTS_SCHEMA,
    )


def _kind_size(shop: SyntheticShop, kind: int) -> int:
    return (shop.products - kind + shop.kinds - 1) // shop.kinds


def _ranks(generator: np.random.Generator, count: int, size: int) -> npt.NDArray[np.int64]:
    """Draws ranks under `size` with a density that falls as 1 / (rank + 1), by its inverse."""
    return np.minimum((size + 1) ** generator.random(count) - 1, size - 1).astype(np.int64)
