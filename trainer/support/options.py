"""Options of the model support; plain models that the configuration can import without TFX."""

from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field

from trainer.options import HardwareOptions, Options, TextOptions
from trainer.search.options import LexicalOptions


def _readable_pattern(pattern: str) -> str:
    # Arrow reads patterns by RE2, as the served graph does: it knows no look-around and no back-references.
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        raise ValueError(f"`{pattern}` is no regular expression that RE2 reads: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_readable_pattern)]


class PairTrainingOptions(HardwareOptions):
    """How questions learn to find their answers; on what, `HardwareOptions` says.

    The defaults are for a BERT that stays as it is. One that is trained wants a smaller `learning_rate` (5e-5), a
    smaller `batch_size` (32), and one or two epochs.

    Attributes:
        batch_size: Pairs a step; the answers of the others are what an answer is told from.
        hard_negatives: Answers a question beside those, drawn from the ones that are near to it and not its own.
        mined_to: Rank of the answers that these are drawn from.
        temperature: Divides the cosines in the softmax.
        learning_rate: Peak learning rate of AdamW.
        weight_decay: Its weight decay.
        dropout: Dropout rate of the vectors that the heads read, where BERT stays as it is.
        max_epochs: Epochs at the most.
        patience: Epochs without a better one after which training stops.
        min_pairs: With fewer training pairs nothing is trained, and BERT's vectors are compared as they are.
    """

    batch_size: int = Field(default=512, ge=2)
    hard_negatives: int = Field(default=0, ge=0, le=16)
    mined_to: int = Field(default=30, ge=2)
    temperature: float = Field(default=0.05, gt=0.0)
    learning_rate: float = Field(default=5e-4, gt=0.0)
    weight_decay: float = Field(default=0.01, ge=0.0)
    dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    max_epochs: int = Field(default=10, ge=1)
    patience: int = Field(default=3, ge=1)
    min_pairs: int = Field(default=500, ge=1)


class AnsweringOptions(Options):
    """What the served model answers.

    Attributes:
        k: Answers to a question.
        max_wrong: Share of what is answered that may be wrong; the threshold below which a question is handed over is
            set by it, on questions that were not learned from.
        unanswerable: Share of the customers' questions that no answer of the table answers; with more of them, more is
            handed over.
        earlier_weight: How much the earlier turns of a conversation count beside the question.
        max_questions: Known questions of an answer that the model keeps, at the most.
        slots: Regular expressions (RE2) by the name of what they find in a question or in the turns before it; of one
            with a group, what the group matches. `product` and `date` are names like any other.
        wish_phrases: How people ask for products, with {} where the product stands: the questions that are to be told
            from those for an answer are made of these and of the catalogue. Give them in the shop's language.
        wish_titles: Products that such questions are made of.
    """

    k: int = Field(default=3, ge=1, le=100)
    max_wrong: float = Field(default=0.05, gt=0.0, lt=1.0)
    unanswerable: float = Field(default=0.05, ge=0.0, lt=1.0)
    earlier_weight: float = Field(default=0.3, ge=0.0, le=1.0)
    max_questions: int = Field(default=50, ge=1)
    slots: dict[str, Pattern] = Field(
        default={
            # Five digits alone may as well be a postcode.
            "order_number": r"\b[A-Z]{1,4}[-#]?\d{5,}\b|#\d{5,}\b|\b\d{6,}\b",
            "date": r"\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b",
        }
    )
    wish_phrases: tuple[str, ...] = (
        "{}",
        "do you have {}?",
        "I am looking for {}",
        "haben Sie {}?",
        "avez-vous {} ?",
        "¿tienen {}?",
        "有没有{}",
    )
    wish_titles: int = Field(default=300, ge=1)


class SupportOptions(Options):
    """What training reads.

    Attributes:
        text: The encoder, and how it is trained.
        training: How questions learn to find their answers.
        lexical: How words are counted.
        answering: What is served.
    """

    text: TextOptions
    training: PairTrainingOptions = PairTrainingOptions()
    lexical: LexicalOptions = LexicalOptions()
    answering: AnsweringOptions = AnsweringOptions()
