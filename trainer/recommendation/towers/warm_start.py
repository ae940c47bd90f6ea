"""Lets towers begin, or go on without training, with what was learned of a catalogue that has changed since."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.artifacts.catalogue import load_catalogue, load_catalogue_facts
from trainer.fitting.training_request import EarlierTraining
from trainer.recommendation.catalogue_items import load_items
from trainer.recommendation.towers.item_features import ItemFeatures
from trainer.recommendation.towers.item_tower import LOOKS, ItemTower
from trainer.recommendation.towers.towers import Towers, load_towers

# Products that a new one takes the mean of; of so many it matters little which one is missing.
_LIKE = 10
_NEW_AT_ONCE = 256
# What may be another number than before: it grows with the shop.
_GROWS = frozenset({"name", "trainable", "dtype", "products", "numbers", "category_sizes", "event_types"})

Array = npt.NDArray[Any]


class TakenOver(NamedTuple):
    """What became of the products of an update.

    Attributes:
        known: Those that the earlier towers knew.
        new: Those that they did not.
        gone: Those that are no more.
    """

    known: int
    new: int
    gone: int


def take_over(towers: Towers, items: ItemFeatures, catalogue_uri: str, earlier: EarlierTraining) -> TakenOver:
    """Gives fresh towers the weights of earlier ones; rows of embeddings find each other by what they stand for.

    Products are matched by id, event types and numbers by name. A category's place in its vocabulary says nothing, as
    vocabularies are sorted by frequency: it takes the row of the place that most of its products had before. A product
    that the earlier towers did not know takes the mean row of the ten known products with the nearest texts, or of all
    where texts are off; any other new row takes the mean of the known ones, and a new number counts for nothing at
    first. Time and memory grow with the catalogue, and with the new products times the known ones.

    Args:
        towers: Fresh towers, which are changed.
        items: The features of their catalogue.
        catalogue_uri: Their catalogue.
        earlier: The earlier training.

    Raises:
        ValueError: The earlier towers are of another shape.
    """
    before = load_towers(earlier.model_uri)
    for part in ("item_tower", "user_tower"):
        _check_same(part, getattr(before, part).get_config(), getattr(towers, part).get_config())
    old_ids, ids = (load_catalogue(uri, ["product_id"])["product_id"] for uri in (earlier.catalogue_uri, catalogue_uri))
    known = _places(ids.to_pylist(), old_ids.to_pylist())
    old_items = load_items(earlier.catalogue_uri, earlier.transformed_products_uri)
    _take_over_items(towers.item_tower, before.item_tower, items, old_items, known)
    types, old_types = (load_catalogue_facts(uri)["event_types"] for uri in (catalogue_uri, earlier.catalogue_uri))
    _copy(towers.user_tower, before.user_tower, {"event_type": _places(types, old_types)})
    if towers.text_encoder is not None:
        if before.text_encoder is None:
            raise _of_another_shape("text_encoder", "a trained one", "none")
        _copy(towers.text_encoder, before.text_encoder, {})
    found = int((known >= 0).sum())
    return TakenOver(known=found, new=len(known) - found, gone=len(old_ids) - found)


def with_products(towers: Towers, items: ItemFeatures, known: Array) -> Towers:
    """Returns trained towers for another catalogue, with no training: they answer of what they knew as they did.

    The item tower reads text, categories and numbers of a new product as of any other. What it has learned of each
    product by itself, its row and its values in the linear model, is for a new one the mean of the ten known products
    with the nearest texts, or of all where texts are off. Categories that no known product had are unknown ones.

    Args:
        towers: The trained towers.
        items: The features of the other catalogue, with numbers and categories as the towers know them.
        known: int64 `(products,)`; the place of each product in the catalogue of the training, -1 for a new one.

    Raises:
        ValueError: The towers read other numbers or categories.
    """
    before = towers.item_tower
    if items.number_names != before.numbers or items.categories.shape[1] != len(before.category_sizes):
        raise ValueError(
            f"`items` should have the numbers {before.numbers} and {len(before.category_sizes)} categories. Received "
            f"{items.number_names} and {items.categories.shape[1]}."
        )
    sizes = np.maximum(before.category_sizes, items.categories.max(axis=0, initial=0) + 1)
    tower = ItemTower.from_config({**before.get_config(), "products": len(items), "category_sizes": sizes.tolist()})
    inputs = {name: np.asarray(value)[:1] for name, value in items.inputs().items()}
    looks = None
    if towers.looks is not None:
        # How a new product looks is learned with the next training; none is what a product without a picture has.
        looks = np.where(known[:, np.newaxis] >= 0, towers.looks[known], np.float32(0.0))
        inputs[LOOKS] = looks[:1]
    tower(inputs)
    rows = {
        f"category_{column}": np.where(np.arange(size) < old_size, np.arange(size), 0)
        for column, (size, old_size) in enumerate(zip(sizes, before.category_sizes, strict=True))
    }
    _copy(tower, before, {**rows, "product": known})
    linear = _rows(towers.linear_vectors, known)
    if items.text_vectors is not None and (known < 0).any():
        linear = like_near_texts(linear, items.text_vectors, known)
        if tower.product_embedding is not None:
            embeddings = tower.product_embedding.embeddings
            embeddings.assign(like_near_texts(np.asarray(embeddings), items.text_vectors, known))
    return towers._replace(item_tower=tower, linear_vectors=linear, looks=looks)


def _take_over_items(tower: Any, before: Any, items: ItemFeatures, old_items: ItemFeatures, known: Array) -> None:
    rows = {
        f"category_{column}": _same_kind(items.categories[:, column], old_items.categories[:, column], known)
        for column in range(items.categories.shape[1])
    }
    kernel, old_kernel = (each.number_projection.layers[0].kernel for each in (tower, before))
    numbers = _places(tower.numbers, before.numbers)
    fresh = [kernel]
    if tower.picture_projection is not None:
        # The axes of pictures are found anew in each training, so that earlier weights would read something else.
        fresh.append(tower.picture_projection.kernel)
    _copy(tower, before, {**rows, "product": known}, fresh)
    kernel.assign(np.where(numbers[:, np.newaxis] >= 0, np.asarray(old_kernel)[numbers], 0.0))
    if tower.product_embedding is not None and items.text_vectors is not None and (known < 0).any():
        embeddings = tower.product_embedding.embeddings
        embeddings.assign(like_near_texts(np.asarray(embeddings), items.text_vectors, known))


def _copy(model: Any, before: Any, rows: Mapping[str, Array], fresh: Sequence[Any] = ()) -> None:
    """Copies all weights; those of a layer in `rows` row by row, a row without an earlier one takes their mean."""
    for variable, old in zip(model.variables, before.variables, strict=True):
        if any(variable is each for each in fresh):
            continue
        values = np.asarray(old)
        layer = variable.path.split("/")[-2]
        variable.assign(_rows(values, rows[layer]) if layer in rows else values)


def _rows(values: Array, found: Array) -> Array:
    """Returns the rows of the places that were found, and the mean of these for a place below 0."""
    seen = found[found >= 0]
    mean = values[seen].mean(axis=0) if len(seen) else np.zeros(values.shape[1:], values.dtype)
    return np.where(found[:, np.newaxis] >= 0, values[found], mean)


def _places(names: Sequence[Any], old_names: Sequence[Any]) -> npt.NDArray[np.int64]:
    """Returns the earlier place of each name, -1 for a new one."""
    place = {name: row for row, name in enumerate(old_names)}
    return np.array([place.get(name, -1) for name in names], np.int64)


def _same_kind(kinds: Array, old_kinds: Array, known: Array) -> npt.NDArray[np.int64]:
    """Returns the earlier number of each category: the one that most of its products had; -1 where none had any.

    Args:
        kinds: int32 `(products,)`; each product's category now, 0 where it is not known.
        old_kinds: The same of the earlier products.
        known: int64 `(products,)`; the earlier place of each product, -1 for a new one.
    """
    size, old_size = int(kinds.max(initial=0)) + 1, int(old_kinds.max(initial=0)) + 1
    shared = known >= 0
    votes = np.bincount(kinds[shared] * old_size + old_kinds[known[shared]], minlength=size * old_size)
    votes = votes.reshape(size, old_size)
    # A category that became frequent enough for a place of its own was among the unknown ones: it is new.
    votes[1:, 0] = 0
    found: npt.NDArray[np.int64] = np.where(votes.max(axis=1) > 0, votes.argmax(axis=1), -1)
    found[0] = 0
    return found


def like_near_texts(embeddings: Array, vectors: npt.NDArray[np.float32], known: Array) -> Array:
    """Returns the embeddings; a new product's is the mean of those of the known products with the nearest texts.

    Args:
        embeddings: float32 `(products, dimensions)`; those of new products are not read.
        vectors: float32 `(products, t)`; of their texts.
        known: int `(products,)`; below 0 for a new product.
    """
    given, new = np.flatnonzero(known >= 0), np.flatnonzero(known < 0)
    if not len(given):
        return embeddings
    width = min(_LIKE, len(given))
    embeddings = embeddings.copy()
    for rows in np.array_split(new, range(_NEW_AT_ONCE, len(new), _NEW_AT_ONCE)):
        likeness = vectors[rows] @ vectors[given].T
        nearest = np.argpartition(-likeness, width - 1, axis=1)[:, :width]
        embeddings[rows] = embeddings[given[nearest]].mean(axis=1)
    return embeddings


def _check_same(part: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for key in now.keys() - _GROWS:
        if before.get(key) != now[key]:
            raise _of_another_shape(f"{part}.{key}", now[key], before.get(key))
    if len(before.get("category_sizes", ())) != len(now.get("category_sizes", ())):
        raise _of_another_shape(f"{part}.category_sizes", now["category_sizes"], before["category_sizes"])


def _of_another_shape(what: str, now: object, before: object) -> ValueError:
    return ValueError(
        f"An update starts from towers of the same shape. `{what}` is {now} by the configuration, and {before} in the "
        "earlier model: run `shelfwise run` once more."
    )
