"""A GGUF file becomes a folder that KerasHub loads, with the same weights."""

from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter, TokenType
from safetensors.numpy import load_file

from tests.tiny_llama import END, MERGES, START, tiny_vocabulary, write_tiny_llama
from trainer.writing.gguf_folder import converted_folder
from trainer.writing.language_files import language_files
from trainer.writing.language_model import load_language_model

_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def write_gguf(file: Path, folder: Path, architecture: str = "llama") -> dict[str, np.ndarray]:
    """Writes the tiny Llama of a folder as llama.cpp's own converter does; returns its weights."""
    weights = load_file(str(folder / "model.safetensors"))
    writer = GGUFWriter(str(file), architecture)
    writer.add_block_count(2)
    writer.add_context_length(512)
    writer.add_embedding_length(16)
    writer.add_feed_forward_length(32)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    vocabulary = tiny_vocabulary()
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(list(vocabulary))
    special = {START, END}
    writer.add_token_types([TokenType.CONTROL if token in special else TokenType.NORMAL for token in vocabulary])
    writer.add_token_merges(list(MERGES))
    writer.add_bos_token_id(vocabulary[START])
    writer.add_eos_token_id(vocabulary[END])
    for name, values in weights.items():
        writer.add_tensor(*_theirs(name, values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return weights


def _theirs(name: str, values: np.ndarray) -> tuple[str, np.ndarray]:
    if not name.startswith("model.layers"):
        return {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}[
            name
        ], values
    _, _, layer, *kind = name.removesuffix(".weight").split(".")
    short = _NAMES[".".join(kind)]
    if short in ("attn_q", "attn_k"):
        # As in llama.cpp's convert_hf_to_gguf: a head's two halves become pairs of neighbours.
        heads = {"attn_q": 4, "attn_k": 2}[short]
        rows, width = values.shape
        values = values.reshape(heads, 2, rows // heads // 2, width).swapaxes(1, 2).reshape(rows, width)
    return f"blk.{layer}.{short}.weight", values


def test_weights_and_tokens_are_the_same(tmp_path: Path) -> None:
    write_tiny_llama(tmp_path / "llama")
    weights = write_gguf(tmp_path / "tiny.gguf", tmp_path / "llama")
    folder = converted_folder(tmp_path / "tiny.gguf", tmp_path / "cache")
    found = load_file(str(folder / "model.safetensors"))
    assert found.keys() == weights.keys()
    for name, values in weights.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert converted_folder(tmp_path / "tiny.gguf", tmp_path / "cache") == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before
    assert [each.name for each in (tmp_path / "cache").iterdir()] == [folder.name]
    language = load_language_model(str(tmp_path / "tiny.gguf"), tmp_path / "cache")
    vocabulary = tiny_vocabulary()
    assert language.ends() == (vocabulary[END],)
    assert language.special_tokens() == {START: vocabulary[START], END: vocabulary[END]}


def test_another_model_is_refused(tmp_path: Path) -> None:
    write_tiny_llama(tmp_path / "llama")
    write_gguf(tmp_path / "other.gguf", tmp_path / "llama", "gemma")
    with pytest.raises(ValueError, match="should hold a Llama with a byte-pair tokenizer"):
        converted_folder(tmp_path / "other.gguf", tmp_path / "cache")
    (tmp_path / "none.gguf").write_bytes(b"no such thing at all")
    with pytest.raises(ValueError, match="should be a GGUF file"):
        converted_folder(tmp_path / "none.gguf", tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("package:no_such_package/model.gguf", "`no-such-package` is not installed"),
        ("package:numpy/model.gguf", "should name a file or folder of package `numpy`"),
        ("./nowhere", "should be an existing folder or GGUF file"),
    ],
)
def test_a_missing_model_is_said_in_one_line(source: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        language_files(source)
    assert language_files("llama3.2_1b") is None
