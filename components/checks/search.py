"""Real requests to a served search model, and what must be true of the answers."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.checks.common import Check, KnownProducts, ServedModel, run_checks, wrong_answers, wrong_count
from serving.client import ServingError, Shelfwise
from serving.model_names import SEARCH_MODEL
from serving.pictures.decoder import NOT_A_PICTURE
from serving.search.listing import GROUPED
from serving.signature_names import EVALUATE
from trainer.artifacts.catalogue import load_catalogue
from trainer.things import things_of

_K = 7
# No shop sells these, and no answer to them may break a server.
_ODD_QUERIES = ("", " ", "\U0001f600", "\0\x01", "?!", "x" * 100_000)


@dataclass(frozen=True, kw_only=True)
class _KnownThings(KnownProducts):
    """Also how many things an answer may list."""

    things: int


def failed_checks(client: Shelfwise, model: ServedModel) -> list[str]:
    """Asks every signature and returns what is wrong with the answers, a line each; none means all is well."""
    checks: dict[str, Check[_KnownThings]] = {
        "serving_default": _check_default,
        "filtered": _check_filtered,
        "explain": _check_explain,
        "product_facts": _check_facts,
        "embed": _check_embed,
        "evaluate": _check_evaluate,
    }
    if "pictures" in model.card:
        checks["by_image"] = _check_by_image
    if "personal" in model.card:
        checks["personal"] = _check_personal
    return run_checks(checks, client, _known(model))


def _known(model: ServedModel) -> _KnownThings:
    catalogue = load_catalogue(model.catalogue_uri)
    things = things_of(catalogue, model.card["serving"]["collapse"])
    return _KnownThings(**vars(KnownProducts.of(model)), things=int(things.max()) + 1)


def _check_default(client: Shelfwise, products: _KnownThings) -> list[str]:
    """Known titles and odd queries, in one request."""
    queries = [*products.titles, *_ODD_QUERIES]
    inputs = {"query": np.array([query.encode("utf-8", "surrogateescape") for query in queries], object)}
    outputs = client.predict(SEARCH_MODEL, "serving_default", inputs)
    expected = (len(queries), min(products.default_k, products.things))
    shapes = {name: value.shape for name, value in outputs.items() if name != "understood"}
    return (
        []
        if set(shapes.values()) == {expected} and outputs["understood"].shape == expected[:1]
        else [f"expected {expected} of each output, got {shapes}"]
    )


def _check_filtered(client: Shelfwise, products: _KnownThings) -> list[str]:
    reasons = []
    for title in products.titles:
        plain = client.search(title, k=_K)
        # A title of nothing but signs asks for nothing.
        if plain:
            reasons += wrong_count(plain, min(_K, products.things))
        excluded = [answer.product_id for answer in plain[:3]]
        others = client.search(title, k=_K, exclude_ids=excluded)
        reasons += wrong_answers(plain, products) + wrong_answers(others, products)
        if any(answer.variants < 1 for answer in plain):
            reasons.append("a product was answered that stands for none")
        if set(excluded) & {answer.product_id for answer in others}:
            reasons.append("an excluded product was answered")
        if client.search(title, k=0):
            reasons.append("k of 0 got products")
        if client.search('""', earlier_query=title, k=0):
            reasons.append("k of 0 got products where a query adds to another")
        if client.search(title, category="no such category, anywhere"):
            reasons.append("a category that does not exist got products")
    return reasons


def _check_personal(client: Shelfwise, products: _KnownThings) -> list[str]:
    """With a history and without one, the same things come, in another order at the most."""
    reasons = []
    for title in products.titles:
        plain = client.search(title, k=min(products.things, GROUPED))
        for history in ([], products.sample):
            found = client.personal_search(title, history, k=min(products.things, GROUPED))
            reasons += wrong_answers(found, products)
            if {each.product_id for each in found} != {each.product_id for each in plain}:
                reasons.append("other products came with a history than without")
            excluded = [answer.product_id for answer in found[:3]]
            others = client.personal_search(title, history, k=_K, exclude_ids=excluded)
            if set(excluded) & {answer.product_id for answer in others}:
                reasons.append("an excluded product was answered")
    return reasons


def _check_by_image(client: Shelfwise, products: _KnownThings) -> list[str]:
    grey = np.full((24, 32, 3), 128, np.uint8)
    reasons = []
    for picture in (tf.io.encode_png(grey).numpy(), tf.io.encode_jpeg(grey).numpy()):
        found = client.search_by_image(picture, k=_K)
        reasons += wrong_count(found, min(_K, products.things)) + wrong_answers(found, products)
    try:
        client.search_by_image(b"no picture", k=_K)
        reasons.append("what is no picture got an answer")
    except ServingError as error:
        if NOT_A_PICTURE not in str(error):
            reasons.append(f"what is no picture got another error: {error}")
    return reasons


def _check_explain(client: Shelfwise, products: _KnownThings) -> list[str]:
    reasons = []
    for title, product_id in zip(products.titles, products.sample, strict=True):
        for word in client.explain_search(title, product_id):
            if not np.isfinite([word.lexical, word.dense]).all():
                reasons.append("a word's part of the score is not finite")
    return reasons


def _check_facts(client: Shelfwise, products: _KnownThings) -> list[str]:
    known = {product.product_id: product.title for product in client.product_facts(["", *products.sample])}
    # What has neither a title nor a price is not told of.
    wrong = [each for each, title in zip(products.sample, products.titles, strict=True) if known.get(each, "") != title]
    return [f"{len(wrong)} products have other titles than in the catalogue"] if wrong else []


def _check_embed(client: Shelfwise, products: _KnownThings) -> list[str]:
    vector = client.embed_query(products.titles[0])
    return [] if vector.ndim == 1 and np.isfinite(vector).all() else ["the vector is not finite"]


def _check_evaluate(client: Shelfwise, products: _KnownThings) -> list[str]:
    rows, k = len(products.titles), min(_K, len(products.product_ids))
    queries = np.array([title.encode("utf-8", "surrogateescape") for title in products.titles], object)
    inputs = {"query": queries, "k": np.full(rows, k, np.int32)}
    ids = client.predict(SEARCH_MODEL, EVALUATE, inputs, ["product_ids"])["product_ids"]
    return [] if ids.shape == (rows, k) else [f"expected {(rows, k)} products, got {ids.shape}"]
