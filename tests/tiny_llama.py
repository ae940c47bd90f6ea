"""Writes a Llama small enough to train in a test, as a folder of Hugging Face's.

KerasHub 0.32 cannot load what it saves of a Llama 3: it forgets that embeddings are tied, and which token ends a text.
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.
from serving.writing.byte_pairs import byte_signs

MERGES = (
    "r e",
    "re d",
    "Ġ red",
    "b l",
    "bl u",
    "blu e",
    "Ġ blue",
    "t e",
    "te a",
    "Ġ tea",
    "m i",
    "mi l",
    "mil k",
    "Ġ milk",
)
START, END = "<|im_start|>", "<|im_end|>"
_LAYERS, _WIDTH, _HEADS, _KEY_HEADS, _INNER = 2, 16, 4, 2, 32


def write_tiny_llama(folder: Path) -> None:
    """Writes a Llama of 2 layers, 16 wide, 4 heads, with random weights, and a byte-pair tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = tiny_vocabulary()
    config = {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "vocab_size": len(vocabulary),
        "num_hidden_layers": _LAYERS,
        "num_attention_heads": _HEADS,
        "num_key_value_heads": _KEY_HEADS,
        "hidden_size": _WIDTH,
        "intermediate_size": _INNER,
        "rope_theta": 10_000.0,
        "tie_word_embeddings": True,
    }
    tokenizer = {
        "model": {"type": "BPE", "vocab": vocabulary, "merges": list(MERGES)},
        "added_tokens": [{"id": vocabulary[token], "content": token} for token in (START, END)],
    }
    for name, content in {
        "config": config,
        "tokenizer": tokenizer,
        "tokenizer_config": {"bos_token": START, "eos_token": END},
    }.items():
        (folder / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    save_file(_weights(len(vocabulary)), str(folder / "model.safetensors"), metadata={"format": "np"})


def tiny_vocabulary() -> dict[str, int]:
    """Special tokens, bytes, and what the merges make."""
    merged = ["".join(merge.split(" ")) for merge in MERGES]
    return {token: place for place, token in enumerate([START, END, *byte_signs(), *merged])}


def _weights(vocabulary_size: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    key_width = _WIDTH // _HEADS * _KEY_HEADS
    shapes = {
        "self_attn.q_proj": (_WIDTH, _WIDTH),
        "self_attn.k_proj": (key_width, _WIDTH),
        "self_attn.v_proj": (key_width, _WIDTH),
        "self_attn.o_proj": (_WIDTH, _WIDTH),
        "mlp.gate_proj": (_INNER, _WIDTH),
        "mlp.up_proj": (_INNER, _WIDTH),
        "mlp.down_proj": (_WIDTH, _INNER),
    }
    weights = {
        "model.embed_tokens.weight": random.normal(size=(vocabulary_size, _WIDTH)),
        "model.norm.weight": np.ones(_WIDTH),
    }
    for layer in range(_LAYERS):
        for name, shape in shapes.items():
            weights[f"model.layers.{layer}.{name}.weight"] = random.normal(size=shape) / np.sqrt(shape[1])
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[f"model.layers.{layer}.{name}.weight"] = np.ones(_WIDTH)
    return {name: each.astype(np.float32) for name, each in weights.items()}
