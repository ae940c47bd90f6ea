"""Approximate nearest products for large catalogues, in plain TensorFlow ops that stock TF Serving runs."""

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from serving.index.cells import Cells
from serving.index.masks import count_true, indices_of_true
from serving.index.turned_vectors import Storage, TurnedVectors

# Vectors scored by all their values, for each of the k that are asked for.
_RESCORED_OF_K = 4
# Up to this many times what an unfiltered search sees, products that pass a filter are all ranked, without cells.
_RANKED_OUTRIGHT = 8
# How much further a search goes at once when a filter let too few pass, as a ratio of the cells so far.
_LEAST_GROWTH, _MOST_GROWTH = 1.5, 8.0


class InvertedFileIndex(tf.Module):
    """Search that scores only the cells of the catalogue nearest to the query.

    Vectors are sorted by cell, and turned onto axes of which the leading ones tell most. The search takes the cells
    with the largest dot product of centroid and query, ranks their vectors by the leading values alone, which are
    float32, and scores the best of those again by all values. The trailing values are stored in fewer bytes: a cast
    costs as much as a product, so it is done for the few only.

    What is approximate: a vector outside the probed cells is not found; one inside is lost if its leading values
    mislead; scores carry the rounding of the trailing values. `trainer.search.index.inverted_cells` makes the cells and
    the axes and chooses how many cells to probe for a recall.

    Filters are part of the search. Where few products pass, all of those are ranked, whatever their cell; otherwise
    cells are probed until as many products that pass were seen as an unfiltered search sees.

    Source: Jégou, Douze and Schmid, Product Quantization for Nearest Neighbor Search, 2011 (inverted file); the
    leading axes are those of a principal component analysis.

    Args:
        vectors: float32 `(size, dimensions)`, at least one row, finite. Not kept.
        centroids: float32 `(cells, dimensions)`.
        cell_of: int `(size,)`, the cell of each vector. A cell may be empty.
        axes: float32 `(dimensions, dimensions)`, orthogonal columns, those that tell most first; None turns nothing.
        probes: Cells a search looks into, from 1 to `cells`.
        leading: Leading values kept in float32; at most `dimensions`, which is what None means.
        rescored: Vectors scored by all values in each search, at least; four for each of the k where that is more.
        storage: How trailing values are kept: "int8" with one scale a vector, or "float16".
        name: Name of the module.

    Attributes:
        size: Vectors.
        dimensions: Values of a vector.
        cells: Cells, empty ones too.
        probes: int32 scalar variable; assigned to, it changes the searches that follow.
        rescored: Likewise.

    Raises:
        ValueError: An argument is none of what is said above.
    """

    def __init__(
        self,
        vectors: ArrayLike,
        *,
        centroids: ArrayLike,
        cell_of: ArrayLike,
        axes: ArrayLike | None = None,
        probes: int,
        leading: int | None = None,
        rescored: int = 300,
        storage: Storage = "int8",
        name: str = "inverted_file_index",
    ) -> None:
        super().__init__(name=name)
        matrix = np.asarray(vectors, dtype=np.float32)
        centers = np.asarray(centroids, dtype=np.float32)
        cell = np.asarray(cell_of, dtype=np.int64)
        _check_vectors(matrix)
        self.size, self.dimensions = matrix.shape
        if centers.ndim != 2 or not len(centers) or centers.shape[1] != self.dimensions:
            raise ValueError(f"`centroids` must be of shape (cells, {self.dimensions}), got {centers.shape}.")
        self.cells = len(centers)
        if cell.shape != (self.size,) or cell.min() < 0 or cell.max() >= self.cells:
            raise ValueError(f"`cell_of` must hold one of {self.cells} cells for each of {self.size} vectors.")
        if not 1 <= probes <= self.cells:
            raise ValueError(f"`probes` must be from 1 to the number of cells, {self.cells}, got {probes}.")
        if rescored < 1:
            raise ValueError(f"`rescored` must be at least 1, got {rescored}.")
        # Stable: within a cell the lower index stands first, and is kept where equal vectors tie.
        order = np.argsort(cell, kind="stable").astype(np.int32)
        place = np.empty_like(order)
        place[order] = np.arange(self.size, dtype=np.int32)
        turning = np.eye(self.dimensions, dtype=np.float32) if axes is None else np.asarray(axes, dtype=np.float32)
        cut = self.dimensions if leading is None else leading
        self._vectors = TurnedVectors(matrix, order=order, axes=turning, leading=cut, storage=storage)
        # A query reads all centroids' leading values, so these are fewer than a vector's.
        self._cells = Cells(centers @ turning, leading=-(-cut * 3 // 4), sizes=np.bincount(cell, minlength=self.cells))
        self._mean_cell = self.size / self.cells
        # Variables, not constants: they land in the variables files and not in the graph, which is limited to 2 GB.
        self.probes = _variable(np.int32(probes), "probes")
        self.rescored = _variable(np.int32(rescored), "rescored")
        self._order = _variable(order, "order")
        self._place = _variable(place, "place")

    @property
    def size_bytes(self) -> int:
        """Bytes of all variables: what a server holds."""
        return sum(variable.dtype.size * int(np.prod(variable.shape)) for variable in self.variables)

    def search(
        self, queries: tf.Tensor, k: tf.Tensor | int, allowed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds products with large dot products, mostly the largest.

        As many as `k` come back as long as so many products pass, however many cells that takes. Of equal vectors the
        lower index comes first.

        Args:
            queries: floats `(batch, dimensions)`, of any length; computed in float32.
            k: int32 scalar; under 0 counts as 0, over the index's size as its size.
            allowed: bool `(batch, size)`, false for what must not be found; None allows everything.

        Returns:
            scores float32 and indices int32, both `(batch, min(k, size))`, best first and never an index twice.
            Where a row has fewer allowed products than columns, the rest is -inf with index -1.
        """
        width = tf.clip_by_value(tf.convert_to_tensor(k, tf.int32), 0, self.size)
        turned = self._vectors.turn(tf.cast(queries, tf.float32))
        rows = tf.shape(turned)[0]

        def search_row(row: tf.Tensor | int) -> tuple[tf.Tensor, tf.Tensor]:
            allowed_row = None if allowed is None else tf.ensure_shape(allowed[row], [self.size])
            return self._best(turned[row], self._candidates(turned[row], width, allowed_row), width)

        def search_one() -> tuple[tf.Tensor, tf.Tensor]:
            scores, indices = search_row(0)
            return scores[tf.newaxis], indices[tf.newaxis]

        def search_any() -> tuple[tf.Tensor, tf.Tensor]:
            # Rows look into cells of their own, so that a batch shares nothing but the cores.
            return tf.map_fn(search_row, tf.range(rows), fn_output_signature=(tf.float32, tf.int32))

        def search_none() -> tuple[tf.Tensor, tf.Tensor]:
            return tf.zeros([0, width]), tf.zeros([0, width], tf.int32)

        # A loop of one turn takes longer than what is in it, and one query is the usual request.
        return tf.switch_case(tf.minimum(rows, 2), [search_none, search_one, search_any])

    def vectors_at(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns the vectors at `indices`, as stored: trailing values are rounded.

        Args:
            indices: int32 or int64 of any shape, from 0 to under `size`.

        Returns:
            float32 `indices.shape + (dimensions,)`.
        """
        return self._vectors.at(tf.gather(self._place, indices))

    def _candidates(self, query: tf.Tensor, width: tf.Tensor, allowed: tf.Tensor | None) -> tf.Tensor:
        """Returns the places int32 `(candidates,)` of one query's vectors to rank, all of which are allowed."""
        enough = _RESCORED_OF_K * width
        if allowed is None:
            return self._in_nearest_cells(query, self._expected_cells(enough, 1.0), enough, None)
        passing = count_true(allowed)
        enough = tf.maximum(enough, tf.cast(tf.cast(self.probes, tf.float32) * self._mean_cell, tf.int32))
        share = tf.cast(passing, tf.float32) / self.size
        return tf.cond(
            passing <= _RANKED_OUTRIGHT * enough,
            lambda: tf.gather(self._place, indices_of_true(allowed)),
            lambda: self._in_nearest_cells(query, self._expected_cells(enough, share), enough, allowed),
        )

    def _expected_cells(self, enough: tf.Tensor, share: tf.Tensor | float) -> tf.Tensor:
        """Returns how many cells should hold `enough` vectors that pass, and `probes` at least, an int32 scalar."""
        cells = tf.maximum(tf.cast(self.probes, tf.float32), tf.cast(enough, tf.float32) / self._mean_cell) / share
        return tf.minimum(tf.cast(tf.math.ceil(cells), tf.int32), self.cells)

    def _in_nearest_cells(
        self, query: tf.Tensor, cells: tf.Tensor, enough: tf.Tensor, allowed: tf.Tensor | None
    ) -> tf.Tensor:
        """Returns allowed places of the best cells: of `cells`, and of more until they are `enough` or all there are.

        Args:
            query: float32 `(dimensions,)`, turned onto the axes.
            cells: int32 scalar, from 1 to all.
            enough: int32 scalar.
            allowed: bool `(size,)`; None allows everything.
        """
        places = self._allowed_in(self._cells.nearest(query[tf.newaxis], cells)[0], allowed)

        def more_needed(places: tf.Tensor, looked: tf.Tensor) -> tf.Tensor:
            return (tf.size(places) < enough) & (looked < self.cells)

        def look_further(places: tf.Tensor, looked: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            """Goes on to as many cells as `enough` should take, going by the cells so far."""
            found = tf.cast(tf.maximum(tf.size(places), 1), tf.float32)
            ratio = tf.clip_by_value(tf.cast(enough, tf.float32) / found, _LEAST_GROWTH, _MOST_GROWTH)
            further = tf.minimum(tf.cast(tf.math.ceil(tf.cast(looked, tf.float32) * ratio), tf.int32), self.cells)
            return self._allowed_in(self._cells.nearest(query[tf.newaxis], further)[0], allowed), further

        shapes = tf.TensorShape([None]), tf.TensorShape([])
        # The loop stands behind a condition, since beginning one takes longer than looking into a hundred cells.
        return tf.cond(
            more_needed(places, cells),
            lambda: tf.while_loop(more_needed, look_further, (places, cells), shape_invariants=shapes)[0],
            lambda: places,
        )

    def _allowed_in(self, cells: tf.Tensor, allowed: tf.Tensor | None) -> tf.Tensor:
        places = self._cells.places_in(cells)
        if allowed is None:
            return places
        return tf.boolean_mask(places, tf.gather(allowed, tf.gather(self._order, places)))

    def _best(self, query: tf.Tensor, places: tf.Tensor, width: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Ranks places by their leading values, the best of them by all values.

        Args:
            query: float32 `(dimensions,)`, turned onto the axes.
            places: int32 `(candidates,)`, distinct.
            width: int32 scalar, the columns of the answer.

        Returns:
            scores float32 and indices int32 `(width,)`, filled up with -inf and -1.
        """
        scores = self._vectors.leading_scores(query, places)
        if self._vectors.leading < self.dimensions:
            rescored = tf.minimum(tf.maximum(self.rescored, _RESCORED_OF_K * width), tf.size(places))
            scores, ranked = tf.math.top_k(scores, rescored)
            places = tf.gather(places, ranked)
            scores += self._vectors.trailing_scores(query, places)
        scores, ranked = tf.math.top_k(scores, tf.minimum(width, tf.size(places)))
        indices = tf.gather(self._order, tf.gather(places, ranked))
        missing = [[0, width - tf.size(indices)]]
        return tf.pad(scores, missing, constant_values=-np.inf), tf.pad(indices, missing, constant_values=-1)


def _check_vectors(matrix: NDArray[np.float32]) -> None:
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(f"`vectors` must be a matrix with at least one row and column, got shape {matrix.shape}.")
    finite = np.isfinite(matrix.sum(axis=1, dtype=np.float64))
    if not finite.all():
        bad = int((~finite).sum())
        raise ValueError(f"`vectors` must be finite, but {bad} of {len(matrix)} rows hold NaN or infinity.")


def _variable(value: ArrayLike, name: str) -> tf.Variable:
    return tf.Variable(value, trainable=False, name=name)
