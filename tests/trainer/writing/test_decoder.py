"""Our decoding against KerasHub's own, of the same model."""

from pathlib import Path
from typing import Any

import keras
import keras_nlp
import numpy as np
import pytest
import tensorflow as tf

from tests.tiny_llama import write_tiny_llama
from trainer.writing.decoder import Decoder, can_decode, keras_hub_ops
from trainer.writing.grouped_attention import GroupedLayer, arranged
from trainer.writing.language_model import load_language_model

ENDS = (1,)
SHAPE = {"vocabulary_size": 60, "num_layers": 3, "hidden_dim": 8, "intermediate_dim": 16}


def tiny_llama(folder: Path) -> Any:
    write_tiny_llama(folder)
    return load_language_model(str(folder)).model


def tiny_gpt2(_: Path) -> Any:
    backbone = keras_nlp.models.GPT2Backbone(**SHAPE, num_heads=2, max_sequence_length=32)
    return keras_nlp.models.GPT2CausalLM(backbone)


def tiny_gemma(_: Path, **more: Any) -> Any:
    heads = {"num_query_heads": 2, "num_key_value_heads": 1, "head_dim": 4}
    return keras_nlp.models.GemmaCausalLM(keras_nlp.models.GemmaBackbone(**SHAPE, **heads, **more))


def rows(*lengths: int, width: int) -> tuple[tf.Tensor, tf.Tensor]:
    random = np.random.default_rng(0)
    given = np.arange(width)[np.newaxis] < np.array(lengths)[:, np.newaxis]
    return tf.constant(np.where(given, random.integers(2, 60, given.shape), 0), tf.int32), tf.constant(given)


@pytest.mark.parametrize("make", [tiny_llama, tiny_gpt2, tiny_gemma])
def test_it_writes_what_keras_hub_writes(make: Any, tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    model = make(tmp_path)
    # Weights of the usual size make one token the most probable one everywhere.
    for weights in model.backbone.weights:
        if len(weights.shape) > 1:
            weights.assign(keras.random.normal(weights.shape))
    assert can_decode(model)
    ours, theirs = Decoder(model, ENDS), keras_hub_ops(model, ENDS)
    for ids, given in (rows(1, width=9), rows(5, 3, 8, width=20), rows(4, 4, width=12)):
        new = ~given.numpy()
        expected = theirs.generate(ids, given).numpy()
        # After the end of a text anything may stand.
        before_end = np.cumsum((expected == ENDS[0]) & new, axis=1) == 0
        found = ours.generate(ids, given).numpy()
        np.testing.assert_array_equal(found[before_end], expected[before_end])
        np.testing.assert_allclose(ours.next_logits(ids, given), theirs.next_logits(ids, given), rtol=1e-4, atol=1e-4)
        assert len(np.unique(expected[new])) > 1


def test_a_prefix_changes_nothing(tmp_path: Path) -> None:
    model = tiny_llama(tmp_path)
    ids, given = rows(7, 4, width=14)
    prefix = ids.numpy()[0, :3].tolist()
    ids = tf.concat([tf.constant([prefix] * 2), ids[:, 3:]], axis=1)
    plain, begun = Decoder(model, ENDS), Decoder(model, ENDS, prefix)
    np.testing.assert_array_equal(begun.generate(ids, given), plain.generate(ids, given))
    np.testing.assert_allclose(begun.next_logits(ids, given), plain.next_logits(ids, given), rtol=1e-4, atol=1e-4)
    # A row may have nothing but the prefix.
    only = ids[:, :5], tf.sequence_mask([3, 3], 5)
    np.testing.assert_array_equal(begun.generate(*only), plain.generate(*only))


def test_a_graph_has_one_layer_and_each_weight_once(tmp_path: Path) -> None:
    model = tiny_llama(tmp_path)
    decoder = Decoder(model, ENDS)
    assert sum(variable.shape.num_elements() for variable in decoder.variables) == model.backbone.count_params()
    function = tf.function(decoder.generate).get_concrete_function(*rows(3, width=6))
    captured = {id(variable) for variable in function.graph.variables}
    assert captured == {id(variable) for variable in decoder.variables}


def test_of_a_llama_heads_that_share_keys_are_told_apart(tmp_path: Path) -> None:
    """The layer by itself, some tokens at once and one after another, against KerasHub's."""
    layer = tiny_llama(tmp_path).backbone.transformer_layers[0]
    random = np.random.default_rng(0)
    heads, size, width = 2, 4, 6
    cache = tf.zeros([3, 2, width, heads, size])
    ours, our_cache = GroupedLayer(layer), arranged(cache)
    for start, new in ((0, 3), (3, 1), (4, 2)):
        x = tf.constant(random.normal(size=(3, new, 16)), tf.float32)
        places = {"self_attention_cache_update_index": start}
        expected, cache = layer(x, self_attention_cache=cache, **places)
        found, added = ours(x, self_attention_cache=our_cache, **places)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        our_cache = tf.concat([our_cache[:, :, :start], added, our_cache[:, :, start + new :]], axis=2)
        np.testing.assert_allclose(our_cache, arranged(cache), rtol=1e-4, atol=1e-5)
    assert our_cache.shape == (3, heads, width, 2 * size)


def test_layers_that_differ_are_left_to_keras_hub(tmp_path: Path) -> None:
    # Gemma 2 looks back a window in every second layer.
    assert not can_decode(tiny_gemma(tmp_path, use_sliding_window_attention=True, sliding_window_size=4))
