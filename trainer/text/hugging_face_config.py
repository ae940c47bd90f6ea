"""What a Hugging Face config.json says of a BERT that KerasNLP does not read; loads no TensorFlow."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

_GELUS = ("gelu", "gelu_new", "gelu_fast", "gelu_python", "gelu_pytorch_tanh")
_EPSILON = 1e-12


class _Setting(NamedTuple):
    key: str
    computed: Callable[[Any], bool]
    expected: str


# KerasNLP's converter reads the sizes alone. It computes GELU by its approximation with tanh, which is within 0.001 of
# the exact one, absolute positions, and this epsilon.
_SETTINGS = (
    _Setting("hidden_act", lambda value: value in _GELUS, "`gelu`"),
    _Setting("layer_norm_eps", lambda value: value == _EPSILON, f"{_EPSILON:g}"),
    _Setting("position_embedding_type", lambda value: value == "absolute", "`absolute`"),
    _Setting("is_decoder", lambda value: value is False, "false"),
)


def check_hugging_face_config(source: str, folder: Path) -> None:
    """Checks that KerasNLP computes what the BERT in a folder computes.

    A setting that is missing has Hugging Face's own default, which is what KerasNLP computes. Folders without a
    config.json of Hugging Face's are let through.

    Args:
        source: What the configuration calls the backbone.
        folder: Where it lies.

    Raises:
        ValueError: A setting is another one, so vectors would not be those that the BERT was trained to give.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise ValueError(
            f"Backbone `{source}` should have a config.json that is JSON. {path} is not: {error}"
        ) from error
    if not isinstance(config, dict) or config.get("model_type") != "bert":
        return
    for key, computed, expected in _SETTINGS:
        if key in config and not computed(config[key]):
            raise ValueError(
                f"Backbone `{source}` should have `{key}` {expected} in its config.json, since KerasNLP computes "
                f"nothing else and would give other vectors than the ones it was trained for. {path} has "
                f"{json.dumps(config[key])}. Take a BERT with {expected}, such as one of KerasNLP's presets."
            )
