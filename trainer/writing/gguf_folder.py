"""Turns a language model in a GGUF file into a folder that KerasHub loads, once."""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

GGUF_ENDING = ".gguf"
_ARCHITECTURE = "llama"
# GGUF's kind of a token that stands for itself in a prompt, such as the end of a turn.
_CONTROL_TOKEN = 3
_LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def converted_folder(file: Path, cache: Path) -> Path:
    """Returns a folder with the model of a GGUF file as Hugging Face writes one, made where it is not there yet.

    Two processes may ask at once: each writes a folder of its own, and one of them is kept.

    Args:
        file: The GGUF file of a Llama with a byte-pair tokenizer.
        cache: Folder of converted models.

    Raises:
        ValueError: The file is no GGUF file, or its model is another one.
    """
    folder = cache / f"{file.stem}-{_digest(file)}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=cache))
    try:
        write_folder(file, made)
        os.rename(made, folder)
    except OSError:
        # Another process was faster; or there is no room, and then nothing is there.
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def write_folder(file: Path, folder: Path) -> None:
    """Writes config.json, tokenizer.json, tokenizer_config.json and model.safetensors, in float32.

    Raises:
        ValueError: The file is no GGUF file, or its model is no Llama with a byte-pair tokenizer.
    """
    # Both are heavy, and only this needs them.
    from gguf import GGUFReader
    from safetensors.numpy import save_file

    try:
        reader = GGUFReader(str(file))
    except ValueError as error:
        raise ValueError(f"`{file}` should be a GGUF file, and cannot be read as one: {error}") from error
    values = {name: field.contents() for name, field in reader.fields.items()}
    found = (values.get("general.architecture"), values.get("tokenizer.ggml.model"))
    if found != (_ARCHITECTURE, "gpt2"):
        raise ValueError(
            f"`{file}` should hold a Llama with a byte-pair tokenizer (`llama`, `gpt2`); it holds {found}. Give a "
            "folder of KerasHub's or Hugging Face's, or the name of a KerasHub preset."
        )
    heads = {"attn_q": _number(values, "attention.head_count"), "attn_k": _number(values, "attention.head_count_kv")}
    tensors = {}
    for tensor in reader.tensors:
        name, weights = _converted(tensor, heads)
        tensors[name] = weights
    _write_json(folder / "config.json", _config(values, tied="lm_head.weight" not in tensors))
    tokens, kinds = values["tokenizer.ggml.tokens"], values["tokenizer.ggml.token_type"]
    special = [place for place, kind in enumerate(kinds) if kind == _CONTROL_TOKEN]
    tokenizer = {
        "model": {
            "type": "BPE",
            "vocab": {token: place for place, token in enumerate(tokens)},
            "merges": values["tokenizer.ggml.merges"],
        },
        "added_tokens": [{"id": place, "content": tokens[place]} for place in special],
    }
    _write_json(folder / "tokenizer.json", tokenizer)
    ends = {f"{name}_token": tokens[values[f"tokenizer.ggml.{name}_token_id"]] for name in ("bos", "eos")}
    _write_json(folder / "tokenizer_config.json", ends)
    save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "np"})


def _converted(tensor: Any, heads: dict[str, int]) -> tuple[str, npt.NDArray[np.float32]]:
    """Returns a tensor's name and weights as Hugging Face has them."""
    from gguf import dequantize

    weights = np.ascontiguousarray(dequantize(tensor.data, tensor.tensor_type), np.float32)
    parts = tensor.name.split(".")
    if parts[0] != "blk":
        return f"{_NAMES[parts[0]]}.weight", weights
    _, layer, kind, _ = parts
    if kind in heads:
        weights = _halves(weights, heads[kind])
    return f"model.layers.{layer}.{_LAYER_NAMES[kind]}.weight", weights


def _halves(weights: npt.NDArray[np.float32], heads: int) -> npt.NDArray[np.float32]:
    """Undoes llama.cpp's order of the rows: it turns pairs of neighbours, Hugging Face a head's two halves."""
    rows, width = weights.shape
    pairs = weights.reshape(heads, rows // heads // 2, 2, width)
    return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(rows, width))


def _config(values: dict[str, Any], *, tied: bool) -> dict[str, Any]:
    return {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "vocab_size": len(values["tokenizer.ggml.tokens"]),
        "num_hidden_layers": _number(values, "block_count"),
        "num_attention_heads": _number(values, "attention.head_count"),
        "num_key_value_heads": _number(values, "attention.head_count_kv"),
        "hidden_size": _number(values, "embedding_length"),
        "intermediate_size": _number(values, "feed_forward_length"),
        "rms_norm_eps": values[f"{_ARCHITECTURE}.attention.layer_norm_rms_epsilon"],
        "rope_theta": values.get(f"{_ARCHITECTURE}.rope.freq_base", 10_000.0),
        "max_position_embeddings": _number(values, "context_length"),
        "tie_word_embeddings": tied,
    }


def _number(values: dict[str, Any], name: str) -> int:
    return int(values[f"{_ARCHITECTURE}.{name}"])


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:16]
