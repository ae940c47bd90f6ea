"""Writes a trained model of answers as the SavedModel that is served."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from serving.model_names import SUPPORT_MODEL
from serving.support.module import EARLIER_TURNS, Decisions, SupportModule
from serving.support.products import ProductAnswers
from trainer.artifacts.model_versions import package_versions
from trainer.exporting import write_extra_assets
from trainer.search.encoder import SearchEncoder, text_embedder
from trainer.support.answers import Answers
from trainer.support.building import BuiltSupport
from trainer.support.options import AnsweringOptions
from trainer.support.wishes import WishHead

_PACKAGES = ("shelfwise", "tensorflow", "tensorflow-text", "keras", "keras-nlp")
_SHOWN = 5


def support_module(
    built: BuiltSupport,
    answers: Answers,
    products: ProductAnswers,
    wishes: WishHead | None,
    options: AnsweringOptions,
) -> SupportModule:
    """Returns what is served, as plain TensorFlow."""
    return SupportModule(
        text_embedder(SearchEncoder(built.dual.encoder, head=None)),
        built.scorer,
        answer_ids=_bytes(answers.ids),
        texts=_bytes(answers.texts),
        intents=_bytes(answers.intent_names()),
        answer_intents=answers.intent_places(),
        products=products,
        slots=options.slots,
        decisions=Decisions(
            k=options.k,
            earlier_weight=options.earlier_weight,
            sure_weights=built.confidence.weights,
            sure_bias=built.confidence.bias,
            threshold=built.confidence.threshold,
            wish_weights=None if wishes is None else wishes.weights,
            wish_bias=0.0 if wishes is None else wishes.bias,
        ),
    )


def export_support(
    folder: str,
    built: BuiltSupport,
    answers: Answers,
    products: ProductAnswers,
    wishes: WishHead | None,
    options: AnsweringOptions,
    training: Mapping[str, Any],
) -> None:
    """Writes the SavedModel `support` with its warm-up file and its model card.

    Args:
        folder: Where to; any filesystem that TensorFlow writes.
        built: What was learned.
        answers: The answers.
        products: What is known of products.
        wishes: What tells wishes for products; None where there are no products.
        options: What is served.
        training: What training.json says.
    """
    module = support_module(built, answers, products, wishes, options)
    signatures = module.signatures()
    tf.saved_model.save(module, folder, signatures=signatures)
    card = {
        "model": SUPPORT_MODEL,
        "training": dict(training),
        "intents": answers.intent_names(),
        "answers": list(answers.texts[:_SHOWN]),
        "questions": list(built.questions.texts[:_SHOWN]),
        "slots": list(options.slots),
        "max_wrong": options.max_wrong,
        "versions": package_versions(_PACKAGES),
        "limits": {
            "k": options.k,
            "tokens": built.dual.encoder.sequence_length,
            "earlier_turns": EARLIER_TURNS,
            "answers": len(answers),
        },
    }
    asked: dict[str, bytes | int] = {
        "question": _bytes([*built.questions.texts[:1], *answers.texts[:1]])[0],
        "earlier": b"an earlier turn",
    }
    write_extra_assets(folder, SUPPORT_MODEL, signatures, asked, card)


def _bytes(texts: Sequence[str]) -> list[bytes]:
    return [text.encode("utf-8", "surrogateescape") for text in texts]
