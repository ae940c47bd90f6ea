"""Trains the search encoder on queries with relevant products."""

import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from trainer.artifacts.catalogue import distinct_texts, load_catalogue
from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.fit import fit, parameter_count
from trainer.fitting.hyperparameters import write_hyperparameters
from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.fitting.strategy import chosen_hardware
from trainer.fitting.training_length import training_length
from trainer.fitting.training_request import TrainingRequest
from trainer.fitting.training_summary import training_summary
from trainer.options import TextOptions
from trainer.search.batches import BatchSource, training_pairs
from trainer.search.encoder import SearchEncoder, new_head, save_encoder
from trainer.search.model import SearchModel
from trainer.search.options import SearchOptions
from trainer.search.queries import load_queries
from trainer.search.query_tower.teaching import KnownTexts, teach_query_tower
from trainer.search.tables import EncoderInputs
from trainer.search.validation import MONITORED, SearchValidation, chosen_texts, eval_answers
from trainer.text.backbone import encoder_to_train
from trainer.text.text_vectors import load_text_vectors


def run(request: TrainingRequest) -> dict[str, Any]:
    """Trains on a request's artifacts and writes the encoder; the ModelTrainer component calls it.

    TensorBoard gets loss, learning rate and metrics, and the options beside the metrics of the best epoch, which is the
    one with the highest NDCG@10 over the eval split.

    Memory grows with the training queries and the distinct texts: their token ids, or their vectors where BERT stays as
    it is.

    Returns:
        What training.json says.

    Raises:
        ValueError: The options, or an artifact, are not what training needs.
    """
    started = time.monotonic()
    options = SearchOptions.model_validate_json(request.options_json)
    keras.utils.set_random_seed(request.seed)
    training = options.training
    catalogue = load_catalogue(request.catalogue_uri)
    rows, texts = distinct_texts(catalogue.column("text").to_pylist())
    text_of_product = rows.astype(np.int64)
    queries, validated = load_queries(request.examples_uri, "train"), load_queries(request.examples_uri, "eval")
    source = BatchSource(training_pairs(queries, text_of_product, training, request.seed), training, request.seed)
    length = training_length(source.steps, training.max_epochs, request.steps)
    with chosen_hardware(training.strategy, training.precision) as hardware:
        encoder = _build_encoder(options.text, texts)
        inputs = EncoderInputs(encoder, options.text.batch_size)
        text_vectors = load_text_vectors(_given(request.text_vectors_uri), texts)
        tables = (inputs.table(queries.queries), inputs.table(texts, text_vectors), inputs.table(validated.queries))
        model = SearchModel(encoder, tables[0], tables[1], training)
        schedule = warm_up_and_decay(training.learning_rate, length.all_steps)
        model.compile(optimizer=adamw(schedule, weight_decay=training.weight_decay), jit_compile=False)
    relevant = eval_answers(validated, text_of_product, training.relevant_from)
    corpus = chosen_texts(source.pairs, relevant[1], len(texts), training.max_texts, request.seed)
    validation = SearchValidation(inputs, tables, corpus, relevant, source, training, request.seed)
    validation.start(text_vectors)
    best = fit(
        model,
        source.epoch,
        length=length,
        validation=validation,
        monitored=MONITORED,
        patience=training.patience,
        log_uri=request.log_uri,
        checkpoints=Checkpoints(request.checkpoint_uri, training.checkpoint_minutes),
        host=source,
    )
    write_hyperparameters(request.log_uri, options, request.seed, best)
    save_encoder(encoder, request.model_uri)
    taught = KnownTexts(queries.queries, texts, *tables[:2])
    query_tower = teach_query_tower(options, request.model_uri, inputs, taught, validated.queries, request.seed)
    return training_summary(
        best,
        hardware,
        started,
        query_tower=query_tower,
        parameters=parameter_count(model.trainable_variables),
        examples={"train": len(queries), "pairs": len(source.pairs.query)},
    )


def _build_encoder(options: TextOptions, texts: Sequence[str]) -> SearchEncoder:
    encoder = SearchEncoder(encoder_to_train(options), head=None)
    if options.training != "frozen":
        return encoder
    return encoder._replace(head=new_head(encoder.text_encoder, encoder.token_ids(texts)))


def _given(text_vectors_uri: str | None) -> str:
    if text_vectors_uri is None:
        raise ValueError("`text_vectors_uri` should name the vectors of the products' texts; search needs them.")
    return text_vectors_uri
