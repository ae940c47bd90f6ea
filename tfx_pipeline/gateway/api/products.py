"""Products in answers."""

from tfx_pipeline.gateway.api.values import Answered, Given


class Product(Given):
    """A product of an answer.

    Attributes:
        product_id: Its id.
        title: Its title.
        score: What the model ranked it by; only the order means something.
        category: Its levels, joined by " > "; empty where the catalogue is not there.
        brand: Its brand; empty where it is unknown.
        price: Its price; null where it is unknown.
        in_stock: Whether it is in stock; null where the catalogue is not there.
    """

    product_id: str
    title: str
    score: float = 0.0
    category: str = ""
    brand: str = ""
    price: float | None = None
    in_stock: bool | None = None


class Recommendations(Answered):
    """Products for a user, the best first.

    Attributes:
        products: At most `k` products.
        explored: Place, from 1, of the product that was drawn by chance; 0 for none.
        events: How many events of the user the store has.
    """

    products: list[Product]
    explored: int = 0
    events: int = 0


class FoundProduct(Product):
    """A product that answers a query.

    Attributes:
        variants: How many products it stands for, itself included.
        group: Number of the group in this answer that it belongs to.
        pinned: Whether the merchant has put it in its place.
    """

    variants: int = 1
    group: int = 0
    pinned: bool = False


class Group(Given):
    """A group of the products that answer a query.

    Attributes:
        group: Its number.
        label: What its products have in common.
        count: How many of the answer's products belong to it.
    """

    group: int
    label: str
    count: int


class Found(Answered):
    """What answers a query, the best first.

    Attributes:
        query: The query.
        earlier_query: The earlier query that this one was joined with; empty where it stands by itself.
        understood: The limits that the query was understood to have, such as `price at most 10`, joined by `; `; the
            same query in quotation marks is taken without them.
        products: At most `k` products.
        groups: Groups of them, each where its best product stands.
        events: How many of the user's events the order follows; 0 where it is the same for everybody.
    """

    query: str
    earlier_query: str = ""
    understood: str = ""
    products: list[FoundProduct]
    groups: list[Group]
    events: int = 0


class Similar(Answered):
    """Products that may stand for another, the best first."""

    products: list[Product]


class TogetherProduct(Product):
    """A product that is bought together with others.

    Attributes:
        confidence: Share of the baskets with the others that hold it too.
        lift: That share divided by its share of all baskets.
        source: What it was found by: `product rules`, `category rules` or `towers`.
    """

    confidence: float = 0.0
    lift: float = 0.0
    source: str = ""


class Together(Answered):
    """What is bought together with some products, the strongest first."""

    products: list[TogetherProduct]


class Reason(Given):
    """Something that speaks for an answer, or against it.

    Attributes:
        text: What it is, in words.
        weight: How much it adds to the answer; below zero where it takes away.
    """

    text: str
    weight: float


class ReasonForUser(Reason):
    """Something that speaks for a product to a user, or against it.

    Attributes:
        product_id: The product of the user's events that it is about; empty where it is about none.
    """

    product_id: str = ""


class Reasons(Answered):
    """Why a product is recommended to a user.

    Attributes:
        product_id: The product.
        reasons: The strongest first, and behind them all others together, and what any product has; their weights add
            up to the product's score. A product that the model does not know has none.
        events: How many events of the user the store has.
    """

    product_id: str
    reasons: list[ReasonForUser]
    events: int


class ProductPage(Given):
    """What the catalogue says of a product.

    Attributes:
        request_id: The request's id.
        product: The product.
        words: Where a query was given: what each of its words adds to finding the product, the strongest first.
    """

    request_id: str
    product: Product
    words: list[Reason] = []
