"""Teaches the query tower that the options name, and writes it beside the encoder."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from trainer.search.encoder import SearchEncoder, load_encoder
from trainer.search.options import STATIC, SearchOptions
from trainer.search.query_tower.lessons import Lessons
from trainer.search.query_tower.shorter_bert import DistillationOptions, distil_query_tower
from trainer.search.query_tower.static_tower import StaticQueryTower
from trainer.search.query_tower.static_training import StaticTowerOptions, teach_static_tower
from trainer.search.query_tower.tower import mean_cosine, save_query_tower
from trainer.search.tables import EncoderInputs, TextTable

# Of queries, and of products, that a static tower learns from at the most; more hardly bring it nearer.
_MOST_KNOWN = 15_000


class KnownTexts(NamedTuple):
    """Training queries and distinct texts of products, in words and as tables of the encoder's inputs."""

    queries: Sequence[str]
    texts: Sequence[str]
    query_table: TextTable
    text_table: TextTable


def teach_query_tower(
    options: SearchOptions,
    uri: str,
    inputs: EncoderInputs,
    known: KnownTexts,
    validated: Sequence[str],
    seed: int,
) -> dict[str, Any] | None:
    """Writes a query tower beside the trained encoder, and returns what training.json says of it.

    Args:
        options: Which tower, by `training.query_layers`.
        uri: Where `trainer.search.encoder.save_encoder` wrote the encoder.
        inputs: The same encoder, as it stands.
        known: What there is to learn from.
        validated: Validation queries.
        seed: Of what is drawn at random.

    Returns:
        `layers` and `eval_cosine`, the mean cosine with the full encoder's vectors of the validation queries; None
        where no tower is wanted.
    """
    layers = options.training.query_layers
    if not layers:
        return None
    # As it was saved: what LoRA has learned is part of the weights then.
    encoder = load_encoder(uri)
    tower: SearchEncoder | StaticQueryTower
    if layers == STATIC:
        tower = _static_tower(encoder, inputs, known, seed)
    else:
        tower = distil_query_tower(encoder, known.queries, known.texts, DistillationOptions(layers=layers), seed)
    save_query_tower(tower, uri)
    return {"layers": layers, "eval_cosine": mean_cosine(tower, encoder, validated, options.text.batch_size)}


def _static_tower(encoder: SearchEncoder, inputs: EncoderInputs, known: KnownTexts, seed: int) -> StaticQueryTower:
    random = np.random.default_rng(seed)
    lessons = []
    for table in (known.query_table, known.text_table):
        chosen = table.take(np.sort(random.permutation(int(table.token_ids.nrows()))[:_MOST_KNOWN]))
        # Of a BERT that stays as it is these vectors cost nothing.
        lessons.append(Lessons(chosen.token_ids, inputs.vectors(chosen)))
    return teach_static_tower(
        encoder, lessons[0].join(lessons[1]), known.texts, known.text_table.token_ids, StaticTowerOptions(), seed
    )
