"""Answers to every call of the client, good and bad, as bytes and as frames of HTTP/2."""

import struct
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from hypothesis import strategies as st
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2

from shelfwise_client.call import Call, Row
from shelfwise_client.calls.classification import classify, explain_classification
from shelfwise_client.calls.recommendation import (
    bought_together,
    complements,
    embed,
    explain_recommendation,
    recommend,
    similar,
)
from shelfwise_client.calls.search import embed_query, explain_search, personal_search, search
from shelfwise_client.calls.segmentation import explain_segment, segment
from tests.fuzz.damage import damaged
from tests.fuzz.tensors import damage_tensor
from tests.serving.client.hostile import metadata

HISTORY_LENGTH, WIDTH = 16, 2
CALLS: tuple[Call[Any], ...] = (
    search("tea"),
    personal_search("tea", ["P1"]),
    explain_search("tea", "P1"),
    embed_query("tea"),
    recommend(["P1"]),
    similar("P1"),
    bought_together(["P1"]),
    complements("P1"),
    embed(["P1"]),
    explain_recommendation("P1", ["P1"]),
    classify("tea"),
    explain_classification("tea"),
    segment(["P1"], ["purchase"], [1.0]),
    explain_segment(["P1"], ["purchase"], [1.0]),
)


@dataclass(frozen=True)
class HostileAnswer:
    """What a server says of a model, and answers a call about it.

    Attributes:
        call: The call.
        metadata: The bytes of a GetModelMetadataResponse, more or less.
        answer: Those of a PredictResponse.
        refusal: A status, and what is said of it; None where it answers.
    """

    call: Call[Any]
    metadata: bytes
    answer: bytes
    refusal: tuple[grpc.StatusCode, str] | None


def good_metadata(call: Call[Any]) -> get_model_metadata_pb2.GetModelMetadataResponse:
    """Returns what a server says whose model can be asked."""
    inputs = {}
    for name, value in call.inputs.items():
        array = value.values if isinstance(value, Row) else value
        sizes = [-1, HISTORY_LENGTH] if isinstance(value, Row) else [-1] * array.ndim
        inputs[name] = (tf.string if array.dtype == object else tf.as_dtype(array.dtype), sizes)
    outputs = {name: (tf.as_dtype(each.kind.number), [-1] * each.sizes) for name, each in call.outputs.items()}
    return metadata(inputs, outputs, call.signature)


def good_answer(call: Call[Any]) -> predict_pb2.PredictResponse:
    """Returns an answer that the client reads."""
    response = predict_pb2.PredictResponse()
    for name, output in call.outputs.items():
        shape = (1, *[WIDTH] * (output.sizes - 1))
        values = np.full(shape, b"text" if output.kind.is_text else 1, output.kind.array)
        response.outputs[name].CopyFrom(tf.make_tensor_proto(values))
    return response


@st.composite
def hostile_answers(draw: st.DrawFn) -> HostileAnswer:
    """Answers of which tensors, signatures or bytes are damaged, or of which nothing is."""
    call = draw(st.sampled_from(CALLS))
    said, response = good_metadata(call), good_answer(call)
    if draw(st.booleans()):
        _damage_outputs(draw, response)
    metadata_bytes = said.SerializeToString(deterministic=True)
    if draw(st.booleans()):
        metadata_bytes = draw(damaged(_with_other_signature(draw, said), most=2))
    answer = draw(damaged(response.SerializeToString(deterministic=True), most=2))
    refusals = st.tuples(st.sampled_from([code for code in grpc.StatusCode if code.value[0]]), st.text(max_size=80))
    return HostileAnswer(call, metadata_bytes, answer, draw(st.none() | st.none() | refusals))


def _damage_outputs(draw: st.DrawFn, response: predict_pb2.PredictResponse) -> None:
    names = sorted(response.outputs)
    for name in draw(st.lists(st.sampled_from(names), max_size=3)):
        match draw(st.sampled_from(["damage", "damage", "drop", "add", "empty", "swap"])):
            case "damage":
                damage_tensor(draw, response.outputs[name])
            case "drop":
                response.outputs.pop(name, None)
            case "add":
                response.outputs[draw(st.text(max_size=5))].dtype = draw(st.integers(0, 30))
            case "empty":
                response.outputs[name].Clear()
            case _:
                response.outputs[name].CopyFrom(response.outputs[draw(st.sampled_from(names))])


def _with_other_signature(draw: st.DrawFn, said: get_model_metadata_pb2.GetModelMetadataResponse) -> bytes:
    """Returns the metadata with a change of kinds and sizes in its signatures."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    said.metadata["signature_def"].Unpack(signatures)
    for signature in signatures.signature_def.values():
        for tensors in (signature.inputs, signature.outputs):
            for name in draw(st.lists(st.sampled_from(sorted(tensors)), max_size=2)):
                tensors[name].dtype = draw(st.just(tensors[name].dtype) | st.integers(0, 30))
                shape = tensors[name].tensor_shape
                for dimension in shape.dim:
                    dimension.size = draw(st.sampled_from([dimension.size, -1, -2, 0, 1, 2**20, 2**20 + 1, 2**62]))
                if draw(st.booleans()):
                    shape.dim.add(size=draw(st.sampled_from([-1, 1, 2**40])))
                shape.unknown_rank = draw(st.just(False) | st.booleans())
    said.metadata["signature_def"].Pack(signatures)
    return bytes(said.SerializeToString(deterministic=True))


@st.composite
def http2_frames(draw: st.DrawFn) -> bytes:
    """Frames of HTTP/2 that nobody asked for, their length not always that of what follows (RFC 9113, section 4)."""
    frames = b""
    for _ in range(draw(st.integers(0, 6))):
        payload = draw(st.binary(max_size=40))
        length = draw(st.just(len(payload)) | st.sampled_from([0, 1, 16_384, 2**24 - 1]))
        kind, flags, stream = draw(st.integers(0, 10)), draw(st.integers(0, 255)), draw(st.sampled_from([0, 1, 2, 3]))
        frames += struct.pack(">I", length)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload
    # An empty frame of settings is how a server begins.
    return draw(st.sampled_from([b"", b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"])) + frames
