"""Runs the requests that a model brings along: its first client need not wait, and what a row costs is known."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from serving.graph.warm_up_file import WARM_UP_FILE
from serving.server.errors import from_tensorflow, invalid_argument
from serving.server.models.freed_memory import give_back_freed_memory
from serving.server.models.servable import Servable
from serving.server.models.signature_cost import RowCost, SignatureCost
from serving.server.requests.examples import classify, multi_inference, regress
from serving.server.requests.predict import predict
from serving.server.requests.tensors import answer_bytes
from serving.signature_names import SERVING_DEFAULT

MAX_WARM_UP_RECORDS = 1000


def warm_up(servable: Servable) -> int:
    """Replays the warm-up file of a version, if it has one, and measures what the rows of its signatures take.

    Returns:
        The number of requests.

    Raises:
        StatusError: A record is damaged or fails, or there are more than 1,000: the version must not be used.
    """
    path = servable.folder / WARM_UP_FILE
    if not path.is_file():
        return 0
    count = 0
    try:
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            count += 1
            if count > MAX_WARM_UP_RECORDS:
                raise invalid_argument(
                    f"Number of warmup records exceeds the maximum ({MAX_WARM_UP_RECORDS}) at {path}"
                )
            log = prediction_log_pb2.PredictionLog.FromString(record)
            kind = log.WhichOneof("log_type")
            if kind not in _ANSWERS:
                raise invalid_argument(f"Unsupported log_type for warmup: {kind}")
            _ANSWERS[kind](servable, getattr(log, kind).request)
    except tf.errors.OpError as error:
        raise from_tensorflow(error) from error
    except DecodeError as error:
        raise invalid_argument(f"Failed to parse warmup record {count} from {path}") from error
    # What was traced may be hundreds of megabytes.
    give_back_freed_memory()
    return count


def _measure(servable: Servable, request: predict_pb2.PredictRequest) -> None:
    """Answers a request and keeps what a row of it costs, and where it has a `k` what one of the largest costs."""
    narrow = _row_cost(servable, request)
    wide = None
    if servable.max_k is not None and "k" in request.inputs:
        widest = predict_pb2.PredictRequest()
        widest.CopyFrom(request)
        k = tf.make_ndarray(request.inputs["k"])
        widest.inputs["k"].CopyFrom(tf.make_tensor_proto(np.full_like(k, servable.max_k)))
        wide = _row_cost(servable, widest)
    servable.costs[request.model_spec.signature_name or SERVING_DEFAULT] = SignatureCost(narrow, wide)


def _row_cost(servable: Servable, request: predict_pb2.PredictRequest) -> RowCost:
    with servable.measuring() as peaks:
        response = predict(servable, request)
    inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
    rows = max((len(value) for value in inputs.values() if value.ndim), default=1) or 1
    k = inputs.get("k")
    answer = {name: answer_bytes(tf.make_ndarray(value)) / rows for name, value in response.outputs.items()}
    return RowCost(int(k.max()) if k is not None and k.size else 0, max(peaks, default=0) / rows, answer)


_ANSWERS: dict[str, Callable[[Servable, Any], object]] = {
    "predict_log": _measure,
    "classify_log": classify,
    "regress_log": regress,
    "multi_inference_log": multi_inference,
}
