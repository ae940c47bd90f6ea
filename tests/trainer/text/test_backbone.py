"""The text encoder against the pooling by hand, and each way to name a backbone."""

import json
import shutil
from pathlib import Path

import keras
import keras_nlp
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.options import TextOptions
from trainer.text.backbone import (
    TextEncoder,
    encode_texts,
    encoder_to_train,
    load_text_encoder,
    save_trained_encoder,
    tokenize,
)
from trainer.text.backbone_source import named_folder
from trainer.text.pretrained import load_pretrained

TEXTS = ["milk", "red apple . green tea", "", "牛 奶 茶", "Big Kids Cereal 12 oz", "zzz\nqqq", "bread " * 40]


@pytest.fixture(scope="module")
def encoder(tiny_bert: Path) -> TextEncoder:
    return load_text_encoder(TextOptions(backbone=str(tiny_bert), sequence_length=16))


def test_a_vector_is_the_mean_over_tokens_by_hand(encoder: TextEncoder, tiny_bert: Path) -> None:
    tokenizer = keras_nlp.models.BertTokenizer.from_preset(str(tiny_bert))
    backbone = keras_nlp.models.BertBackbone.from_preset(str(tiny_bert))
    for text in TEXTS:
        tokens = [int(token) for token in tokenizer(text)][:14]
        ids = np.array([[tokenizer.cls_token_id, *tokens, tokenizer.sep_token_id]])
        inputs = {"token_ids": ids, "segment_ids": np.zeros_like(ids), "padding_mask": np.ones_like(ids)}
        mean = np.asarray(backbone(inputs)["sequence_output"])[0].mean(axis=0)
        vector = np.asarray(encoder(tf.constant([text])))[0]
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=9))
def test_company_in_the_batch_changes_nothing(encoder: TextEncoder, texts: list[str]) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    alone = np.concatenate([np.asarray(encoder(tf.constant([text]))) for text in texts])
    np.testing.assert_allclose(encode_texts(encoder, texts, 4), alone, atol=1e-5)


def test_no_texts_are_no_vectors(encoder: TextEncoder) -> None:
    assert encode_texts(encoder, [], 4).shape == (0, 16)


def test_case_goes_by_the_vocabulary(encoder: TextEncoder) -> None:
    upper, lower = encode_texts(encoder, ["MILK", "milk"], 2)
    np.testing.assert_allclose(upper, lower, atol=1e-6)


def test_a_cased_vocabulary_keeps_case(tiny_bert: Path, tmp_path: Path) -> None:
    folder = hugging_face_folder(tmp_path / "cased", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "Milk", "milk"])
    assert not load_pretrained(str(folder)).tokenizer.lowercased
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    uncased = load_pretrained(str(folder)).tokenizer
    assert (uncased.lowercased, uncased.without_accents) == (True, True)
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True, "strip_accents": False}))
    accented = load_pretrained(str(folder)).tokenizer
    assert (accented.lowercased, accented.without_accents) == (True, False)


def hugging_face_folder(folder: Path, vocabulary: list[str]) -> Path:
    """Writes a BERT of one layer as Hugging Face does."""
    from safetensors.numpy import save_file

    folder.mkdir()
    config = {
        "model_type": "bert", "vocab_size": len(vocabulary), "hidden_size": 4, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 16, "type_vocab_size": 2,
        "hidden_dropout_prob": 0.1,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    shapes = {
        "embeddings.word_embeddings.weight": (len(vocabulary), 4),
        "embeddings.position_embeddings.weight": (16, 4),
        "embeddings.token_type_embeddings.weight": (2, 4),
        "pooler.dense.weight": (4, 4),
        "pooler.dense.bias": (4,),
    }
    layer = "encoder.layer.0."
    for name in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
        shapes |= {f"{layer}{name}.weight": (4, 4), f"{layer}{name}.bias": (4,)}
    shapes |= {f"{layer}intermediate.dense.weight": (8, 4), f"{layer}intermediate.dense.bias": (8,)}
    shapes |= {f"{layer}output.dense.weight": (4, 8), f"{layer}output.dense.bias": (4,)}
    for name in ("embeddings.LayerNorm", f"{layer}attention.output.LayerNorm", f"{layer}output.LayerNorm"):
        shapes |= {f"{name}.weight": (4,), f"{name}.bias": (4,)}
    generator = np.random.default_rng(0)
    save_file(
        {name: generator.normal(size=shape).astype(np.float32) for name, shape in shapes.items()},
        folder / "model.safetensors",
    )
    return folder


def test_a_hugging_face_folder_loads(tmp_path: Path) -> None:
    folder = hugging_face_folder(tmp_path / "bert", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "milk"])
    encoder = load_text_encoder(TextOptions(backbone=str(folder), sequence_length=8))
    assert encode_texts(encoder, ["Milk"], 1).shape == (1, 4)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("hidden_act", "relu", "`hidden_act` `gelu`"),
        ("layer_norm_eps", 1e-5, "`layer_norm_eps` 1e-12"),
        ("position_embedding_type", "relative_key", "`position_embedding_type` `absolute`"),
        ("is_decoder", True, "`is_decoder` false"),
    ],
)
def test_a_hugging_face_folder_that_would_be_computed_otherwise_is_refused(
    key: str, value: object, expected: str, tmp_path: Path
) -> None:
    folder = hugging_face_folder(tmp_path / "bert", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "milk"])
    config = json.loads((folder / "config.json").read_text())
    usual = {"hidden_act": "gelu", "layer_norm_eps": 1e-12, "position_embedding_type": "absolute", "is_decoder": False}
    (folder / "config.json").write_text(json.dumps(config | usual))
    assert named_folder(str(folder)) == folder
    (folder / "config.json").write_text(json.dumps(config | usual | {key: value}))
    for load in (named_folder, load_pretrained):
        with pytest.raises(ValueError, match=f"should have {expected} in its config.json") as caught:
            load(str(folder))
        assert f"has {json.dumps(value)}." in str(caught.value)


def test_a_package_folder_loads(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(tiny_bert, tmp_path / "shipped_weights" / "model")
    (tmp_path / "shipped_weights" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    loaded = load_text_encoder(TextOptions(backbone="package:shipped_weights/model"))
    assert loaded.dimensions == 16


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("no_such_preset", "existing folder, `package:NAME/FOLDER`, or one of KerasNLP's BERT presets"),
        ("/nope", "`/nope` should be an existing folder with a model"),
        ("./no_such_preset", "existing folder"),
        ("package:no_such_package_at_all/model", "`no-such-package-at-all` is not installed"),
        ("package:keras_nlp/no_such_folder", "There is no no_such_folder"),
        ("package:", "an installed Python package"),
    ],
)
def test_a_backbone_that_is_not_there_is_one_message(source: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        load_pretrained(source)
    assert "\n" not in str(caught.value)


def test_a_folder_without_config_or_weights_is_named(tmp_path: Path, tiny_bert: Path) -> None:
    with pytest.raises(ValueError, match=r"There is no config\.json"):
        load_pretrained(str(tmp_path))
    shutil.copytree(tiny_bert, tmp_path / "broken")
    for weights in (tmp_path / "broken").glob("*.h5"):
        weights.write_bytes(b"broken")
    with pytest.raises(ValueError, match="should hold a BERT that KerasNLP reads"):
        load_pretrained(str(tmp_path / "broken"))


def test_a_preset_without_network_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("Failed to resolve the host\nand a long story")

    monkeypatch.setattr(keras_nlp.models.BertBackbone, "from_preset", unreachable)
    with pytest.raises(ValueError, match="has to be downloaded, and that failed: Failed to resolve the host") as caught:
        load_pretrained("bert_tiny_en_uncased")
    assert "\n" not in str(caught.value)


def test_a_length_that_the_backbone_cannot_read_is_refused(tiny_bert: Path) -> None:
    with pytest.raises(ValueError, match="`sequence_length` should be from 3 to 64"):
        load_text_encoder(TextOptions(backbone=str(tiny_bert), sequence_length=65))


def test_saving_keeps_vectors_and_vocabulary(encoder: TextEncoder, tmp_path: Path) -> None:
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    np.testing.assert_allclose(encode_texts(loaded, TEXTS, 3), encode_texts(encoder, TEXTS, 3), atol=1e-6)


def test_lora_is_merged_when_saved(tiny_bert: Path, tmp_path: Path) -> None:
    options = TextOptions(backbone=str(tiny_bert), sequence_length=16, training="lora", lora_rank=2)
    encoder = load_text_encoder(options)
    before = encode_texts(encoder, TEXTS, 3)
    encoder.freeze_as(options)
    trainable = encoder.trainable_variables
    updates, others = ("lora_kernel_a", "lora_kernel_b"), ("bias", "gamma", "beta")
    assert {variable.path.rsplit("/", 1)[1] for variable in trainable} == {*updates, *others}
    # An update starts at zero: it changes nothing until it is trained.
    np.testing.assert_allclose(encode_texts(encoder, TEXTS, 3), before, atol=1e-6)
    generator = np.random.default_rng(0)
    for variable in trainable:
        variable.assign(generator.normal(size=variable.shape, scale=0.3))
    trained = encode_texts(encoder, TEXTS, 3)
    assert np.abs(trained - before).max() > 1e-3
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    assert not any("lora" in variable.path for variable in loaded.variables)
    np.testing.assert_allclose(encode_texts(loaded, TEXTS, 3), trained, atol=1e-5)


def test_many_texts_are_tokenized_as_each_alone(encoder: TextEncoder) -> None:
    alone = [encoder.token_ids(tf.constant([text]))[0].numpy().tolist() for text in TEXTS]
    assert tokenize(encoder, 2_000 * TEXTS).to_list() == 2_000 * alone
    assert tokenize(encoder, []).shape.as_list() == [0, None]
    bare = tokenize(encoder, ["  milk  ", "tea"], tf.strings.strip)
    assert bare.to_list() == tokenize(encoder, ["milk", "tea"]).to_list()


@pytest.mark.parametrize(("training", "trained"), [("frozen", 0), ("full", 1)])
def test_a_training_begins_with_what_is_named_or_was_trained(
    training: str, trained: int, encoder: TextEncoder, tiny_bert: Path, tmp_path: Path
) -> None:
    options = TextOptions(backbone=str(tiny_bert), training=training, sequence_length=16)
    fresh = encoder_to_train(options)
    assert bool(fresh.trainable_variables) == bool(trained)
    np.testing.assert_allclose(encode_texts(fresh, TEXTS, 4), encode_texts(encoder, TEXTS, 4), atol=1e-6)
    embeddings = fresh.backbone.token_embedding.embeddings
    embeddings.assign(2.0 * embeddings)
    save_trained_encoder(fresh, str(tmp_path))
    again = encoder_to_train(options, str(tmp_path))
    assert bool(again.trainable_variables) == bool(trained)
    np.testing.assert_allclose(encode_texts(again, TEXTS, 4), encode_texts(fresh, TEXTS, 4), atol=1e-6)
