"""Runs the requests that a model brings along, so that its first client does not wait for what is made lazily."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from serving.graph.warm_up_file import WARM_UP_FILE
from serving.server.errors import from_tensorflow, invalid_argument
from serving.server.models.servable import Servable
from serving.server.requests.examples import classify, multi_inference, regress
from serving.server.requests.predict import predict

MAX_WARM_UP_RECORDS = 1000

_ANSWERS: dict[str, Callable[[Servable, Any], object]] = {
    "predict_log": predict,
    "classify_log": classify,
    "regress_log": regress,
    "multi_inference_log": multi_inference,
}


def warm_up(servable: Servable) -> int:
    """Replays the warm-up file of a version, if it has one.

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
    return count
