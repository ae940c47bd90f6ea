"""Finds a pretrained BERT and its tokenizer, wherever the configuration says that it is."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import keras_nlp

from trainer.model_files import PACKAGE_PREFIX
from trainer.text.backbone_source import named_folder
from trainer.text.tokenizer import TextTokenizer


class Pretrained(NamedTuple):
    """A backbone and the tokenizer of its vocabulary."""

    backbone: Any
    tokenizer: TextTokenizer


def load_pretrained(source: str) -> Pretrained:
    """Loads a `keras_nlp.models.BertBackbone` with its weights, and its tokenizer.

    Args:
        source: `package:NAME/FOLDER` for weights that an installed package ships; a folder as KerasNLP's
            `save_to_preset` or Hugging Face writes it (config.json, model.safetensors, vocab.txt); or the name
            of a KerasNLP preset, which is downloaded once.

    Raises:
        ValueError: There is no such package, folder or preset, it cannot be downloaded, or it is no BERT.
    """
    folder = local_folder(source)
    if folder is None:
        return _load_preset(source)
    if not (folder / "config.json").is_file():
        raise ValueError(
            f"Backbone `{source}` should be a folder with config.json, weights and a vocabulary. "
            f"There is no config.json in {folder}."
        )
    try:
        backbone = keras_nlp.models.BertBackbone.from_preset(str(folder))
        tokenizer = _folder_tokenizer(folder)
    except Exception as error:
        raise ValueError(
            f"Backbone `{source}` should hold a BERT that KerasNLP reads. Loading it from {folder} failed: "
            f"{_first_line(error)}"
        ) from error
    return Pretrained(backbone, tokenizer)


def local_folder(source: str) -> Path | None:
    """Returns the local folder that `source` names, or None where it is a preset's name.

    Raises:
        ValueError: `source` names neither.
    """
    folder = named_folder(source)
    if folder is not None:
        return folder
    if "://" not in source and source not in keras_nlp.models.BertBackbone.presets:
        presets = ", ".join(sorted(keras_nlp.models.BertBackbone.presets))
        raise ValueError(
            f"Backbone `{source}` should be an existing folder, `{PACKAGE_PREFIX}NAME/FOLDER`, or one of KerasNLP's "
            f"BERT presets: {presets}. It is none of them."
        )
    return None


def _load_preset(name: str) -> Pretrained:
    try:
        backbone = keras_nlp.models.BertBackbone.from_preset(name)
        tokenizer = keras_nlp.models.BertTokenizer.from_preset(name)
    # Without a network each of KerasNLP's download backends fails in its own way.
    except Exception as error:
        raise ValueError(
            f"Backbone `{name}` is a preset that has to be downloaded, and that failed: {_first_line(error)}. "
            f"Try again with a network, or give a local folder or `{PACKAGE_PREFIX}NAME/FOLDER`."
        ) from error
    return Pretrained(backbone, _same_tokenizer(tokenizer))


def _folder_tokenizer(folder: Path) -> TextTokenizer:
    vocabulary_file = folder / "vocab.txt"
    if not vocabulary_file.is_file():
        return _same_tokenizer(keras_nlp.models.BertTokenizer.from_preset(str(folder)))
    vocabulary = vocabulary_file.read_text(encoding="utf-8").rstrip("\n").split("\n")
    settings = _tokenizer_settings(folder)
    lowercase = settings.get("do_lower_case")
    if not isinstance(lowercase, bool):
        lowercase = all(token == token.lower() for token in vocabulary if not token.startswith("["))
    # Where nothing is said of accents, an uncased BERT drops them too, as the original does.
    strip_accents = settings.get("strip_accents")
    return TextTokenizer(
        vocabulary,
        lowercase=lowercase,
        strip_accents=strip_accents if isinstance(strip_accents, bool) else lowercase,
    )


def _same_tokenizer(tokenizer: Any) -> TextTokenizer:
    """Returns a tokenizer of KerasNLP's as ours."""
    return TextTokenizer(tokenizer.get_vocabulary(), lowercase=tokenizer.lowercase, strip_accents=tokenizer.lowercase)


def _tokenizer_settings(folder: Path) -> dict[str, Any]:
    config_file = folder / "tokenizer_config.json"
    return dict(json.loads(config_file.read_text(encoding="utf-8"))) if config_file.is_file() else {}


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
