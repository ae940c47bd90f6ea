"""Writes a language model as the SavedModel that is served."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from serving.model_names import WRITING_MODEL
from serving.writing.facts import CheckedFacts, FactCheck
from serving.writing.language import Decoding, ServedLanguage
from serving.writing.module import WritingModule
from serving.writing.requests import Kind
from serving.writing.template import Template
from trainer.artifacts.model_versions import package_versions
from trainer.exporting import write_extra_assets
from trainer.writing.language_model import LanguageModel
from trainer.writing.options import CheckOptions, WritingOptions, without_settings

_PACKAGES = ("shelfwise", "tensorflow", "tensorflow-text", "keras", "keras-nlp")


def writing_module(language: LanguageModel, options: WritingOptions, brands: Sequence[str]) -> WritingModule:
    """Returns what is served, as plain TensorFlow."""
    asked = decoding(language, options)
    return WritingModule(
        ServedLanguage(language.pieces(), language.ops(asked.before), asked),
        fact_check(options.checks, brands, language.common_words()),
        text_kinds(options),
    )


def fact_check(options: CheckOptions, brands: Sequence[str], common_words: Sequence[str]) -> FactCheck:
    """Returns what checks texts by the options."""
    return FactCheck(
        CheckedFacts(
            terms=options.terms,
            same_as=options.same_as,
            brands=brands if options.brands else (),
            banned=options.banned,
            common_words=common_words if options.names else (),
        )
    )


def text_kinds(options: WritingOptions) -> list[Kind]:
    """Returns the kinds of text with their style and length put in."""
    return [
        Kind(
            name=name,
            prompt=Template(without_settings(kind.prompt, kind.style, kind.max_words)),
            fallbacks=[Template(without_settings(each, kind.style, kind.max_words)) for each in kind.templates],
            max_characters=kind.max_characters,
            allowed_words=kind.allowed_words,
            must_say=kind.must_say,
        )
        for name, kind in options.kinds.items()
    ]


def decoding(language: LanguageModel, options: WritingOptions) -> Decoding:
    """Returns how the language model is asked.

    Raises:
        ValueError: What stands before and after a prompt leaves no room for it.
    """
    asked = options.language
    before, after = language.ids_with_special(asked.before), language.ids_with_special(asked.after)
    if len(before) + len(after) >= asked.prompt_tokens:
        raise ValueError(
            f"`tasks.writing.language.prompt_tokens` should be over {len(before) + len(after)}, which `before` and "
            f"`after` have alone; got {asked.prompt_tokens}."
        )
    return Decoding(
        before=before,
        after=after,
        ends=language.ends(),
        prompt_tokens=asked.prompt_tokens,
        new_tokens=asked.new_tokens,
        variants=asked.variants,
    )


def export_writing(
    folder: str,
    language: LanguageModel,
    options: WritingOptions,
    brands: Sequence[str],
    asked: Mapping[str, str],
    training: Mapping[str, Any],
) -> None:
    """Writes the SavedModel `writing` with its warm-up file and its model card.

    Args:
        folder: Where to; any filesystem that TensorFlow writes.
        language: The language model, without LoRA.
        options: What is served.
        brands: The brands of the catalogue.
        asked: Fields of a real request, with `what`.
        training: What training.json says.
    """
    module = writing_module(language, options, brands)
    signatures = module.signatures()
    tf.saved_model.save(module, folder, signatures=signatures)
    card = {
        "model": WRITING_MODEL,
        "training": dict(training),
        "kinds": list(options.kinds),
        "asked": dict(asked),
        "versions": package_versions(_PACKAGES),
        "limits": {
            "prompt_tokens": options.language.prompt_tokens,
            "new_tokens": options.language.new_tokens,
            "variants": options.language.variants,
            "max_characters": {name: kind.max_characters for name, kind in options.kinds.items()},
        },
    }
    request: dict[str, bytes | int] = {name: text.encode("utf-8", "surrogateescape") for name, text in asked.items()}
    write_extra_assets(folder, WRITING_MODEL, signatures, request, card)
