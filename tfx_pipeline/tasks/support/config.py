"""What the configuration says of the task support."""

from typing import Literal

from pydantic import Field

from components.support.examples.options import SupportDataOptions
from components.support.judging.gate_options import SupportGateOptions
from trainer.search.options import LexicalOptions
from trainer.support.options import AnsweringOptions, PairTrainingOptions


class SupportConfig(SupportDataOptions):
    """The task `support`: what questions are learned from, what is learned, and what is answered.

    Attributes:
        text_training: How BERT is trained: `frozen` leaves it as it is and learns heads on its vectors, `lora` trains
            a small update of it, `full` trains all of it.
        sequence_length: Tokens that a question, an answer or a sentence of one is cut to.
        training: How questions learn to find their answers.
        lexical: How words are counted.
        answering: What the served model answers, and when it hands over.
        gate: What a model must reach to be blessed.
    """

    text_training: Literal["frozen", "lora", "full"] = "frozen"
    sequence_length: int = Field(default=128, ge=4, le=512)
    training: PairTrainingOptions = PairTrainingOptions()
    lexical: LexicalOptions = LexicalOptions()
    answering: AnsweringOptions = AnsweringOptions()
    gate: SupportGateOptions = SupportGateOptions()
