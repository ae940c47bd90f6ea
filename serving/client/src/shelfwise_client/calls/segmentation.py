"""What the client asks the segmentation model."""

from collections.abc import Sequence
from dataclasses import dataclass

from shelfwise_client.call import ROW_TEXT, Call, Outputs, text_of
from shelfwise_client.calls.history import history_inputs
from shelfwise_client.calls.labels import (
    TOKEN_OUTPUTS,
    ExplainedToken,
    LabelAnswer,
    label_outputs,
    read_labels,
    read_tokens,
)
from shelfwise_client.methods import ClientMethod
from shelfwise_client.model_names import SEGMENTATION_MODEL
from shelfwise_client.signature_names import EXPLAIN, SERVING_DEFAULT

_SEGMENT_OUTPUTS = {**label_outputs("segments"), "behaviour": ROW_TEXT}


@dataclass(frozen=True)
class SegmentAnswer:
    """The segments of a user, the most probable first, and the user's behaviour in words."""

    segments: tuple[LabelAnswer, ...]
    behaviour: str


def segment(
    history_ids: Sequence[str] = (),
    history_types: Sequence[str] | None = None,
    history_age_seconds: Sequence[float] | None = None,
) -> Call[SegmentAnswer]:
    """Gives a user segments.

    Args:
        history_ids: Products of the user's events, the newest last; of a longer history than the model takes, the
            latest events are sent.
        history_types: Event type of each; None leaves them unknown, which counts as bought. Events of a type that the
            model does not know are left out.
        history_age_seconds: How long ago each was; None leaves them unknown, which counts as just now.

    Raises:
        ValueError: Lists of the history differ in length.
        ServingError: The server did not answer.
    """
    inputs = history_inputs(history_ids, history_types, history_age_seconds)
    return Call(SEGMENTATION_MODEL, SERVING_DEFAULT, inputs, _read_segments, _SEGMENT_OUTPUTS)


def explain_segment(
    history_ids: Sequence[str] = (),
    history_types: Sequence[str] | None = None,
    history_age_seconds: Sequence[float] | None = None,
) -> Call[list[ExplainedToken]]:
    """Says what the user does, in words and numbers, and what each adds to the best segment's probability.

    The strongest come first, such as `Soft Drinks, bought 12 times, 2 days ago`. See `segment` for the arguments.
    """
    inputs = history_inputs(history_ids, history_types, history_age_seconds)
    return Call(SEGMENTATION_MODEL, EXPLAIN, inputs, read_tokens, TOKEN_OUTPUTS)


def _read_segments(outputs: Outputs) -> SegmentAnswer:
    return SegmentAnswer(tuple(read_labels(outputs, "segments")), text_of(outputs["behaviour"][0]))


class SegmentationCalls:
    """The methods of a client that ask the segmentation model."""

    segment = ClientMethod(segment)
    explain_segment = ClientMethod(explain_segment)
