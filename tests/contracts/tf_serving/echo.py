"""A model that answers with what it was given, in every dtype and shape; and one that counts."""

from pathlib import Path

import tensorflow as tf

Tensors = dict[str, tf.Tensor]

_INPUTS = {
    "ints": {"default": tf.int32},
    "longs": {"default": tf.int64},
    "floats": {"default": tf.float32},
    "doubles": {"default": tf.float64},
    "bools": {"default": tf.bool},
    "strings": {"default": tf.string},
    "rows": {"int_tensor": tf.int32, "str_tensor": tf.string, "float_tensor": tf.float32, "dbl_tensor": tf.float64},
    "columns": {"int_tensor": tf.int32, "str_tensor": tf.string, "bin_tensor": tf.string},
    "pair": {"int_tensor": tf.int32, "str_tensor": tf.string},
}


def write_echo(base_path: Path) -> None:
    """Writes version 1 of `echo`: a signature for each set of inputs, and some whose outputs JSON cannot hold."""
    module = tf.Module()
    signatures = {name: _echo(inputs) for name, inputs in _INPUTS.items()}
    signatures["bytes"] = _function({"default": tf.string}, lambda default: {"str_tensor_bytes": default})
    signatures["scalar"] = _function({"default": tf.int32}, lambda default: {"tensor": tf.reduce_sum(default)})
    signatures["complex"] = _function(
        {"default": tf.float32}, lambda default: {"tensor": tf.cast(default, tf.complex64)}
    )
    signatures["unequal"] = _function(
        {"default": tf.int32}, lambda default: {"int_tensor": default, "one_less": default[1:]}
    )
    module.functions = list(signatures.values())
    tf.saved_model.save(module, str(base_path / "1"), signatures=signatures)


def write_classes(base_path: Path) -> None:
    """Writes version 1 of `classes`: signatures that classify and regress examples as their names say."""
    module = tf.Module()
    labels = tf.constant([["car", "bike", "bus"]])

    def tiled(count: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
        return tf.tile(row, [count, 1])

    def numbers(examples: tf.Tensor) -> tf.Tensor:
        return tf.io.parse_example(examples, {"x": tf.io.FixedLenFeature([1], tf.float32)})["x"]

    def scored(inputs: tf.Tensor) -> Tensors:
        return {"classes": tiled(tf.size(inputs), labels), "scores": numbers(inputs) * [[1.0, 2.0, 4.0]]}

    answers = {
        "serving_default": scored,
        "classes_only": lambda inputs: {"classes": tiled(tf.size(inputs), labels)},
        "scores_only": lambda inputs: {"scores": numbers(inputs) * [[1.0, 2.0, 4.0]]},
        "zero_scores": lambda inputs: {
            "classes": tiled(tf.size(inputs), labels),
            "scores": numbers(inputs) * [[0.0] * 3],
        },
        "long_classes": lambda inputs: {"classes": tiled(tf.size(inputs) + 1, labels), "scores": numbers(inputs)},
        "number_classes": lambda inputs: {"classes": numbers(inputs), "scores": numbers(inputs)},
        "long_scores": lambda inputs: {"scores": tf.tile(numbers(inputs), [2, 1])},
        "double_scores": lambda inputs: {"scores": tf.cast(numbers(inputs), tf.float64)},
        "two_of_three": lambda inputs: {
            "classes": tiled(tf.size(inputs), labels[:, :2]),
            "scores": scored(inputs)["scores"],
        },
        "fails": lambda inputs: {"scores": tf.debugging.check_numerics(numbers(inputs) / 0.0, "Run totally failed")},
        "regress": lambda inputs: {"outputs": numbers(inputs)[:, 0]},
        "regress_wide": lambda inputs: {"outputs": numbers(inputs) * [[1.0, 2.0]]},
        "regress_long": lambda inputs: {"outputs": tf.tile(numbers(inputs), [2, 1])},
        "regress_double": lambda inputs: {"outputs": tf.cast(numbers(inputs), tf.float64)},
        "regress_not_finite": lambda inputs: {"outputs": tf.math.log(numbers(inputs)[:, 0])},
    }
    signatures = {
        name: tf.function(answer, input_signature=[tf.TensorSpec([None], tf.string, "inputs")])
        for name, answer in answers.items()
    }
    module.functions = list(signatures.values())
    tf.saved_model.save(module, str(base_path / "1"), signatures=signatures)


class Counter(tf.Module):
    """Counts in a variable; every signature answers with it."""

    def __init__(self) -> None:
        super().__init__()
        self.count = tf.Variable(0.0)

    @tf.function(input_signature=[])
    def get_counter(self) -> Tensors:
        return {"output": self.count.read_value()}

    @tf.function(input_signature=[])
    def incr_counter(self) -> Tensors:
        return {"output": self.count.assign_add(1.0)}

    @tf.function(input_signature=[])
    def reset_counter(self) -> Tensors:
        return {"output": self.count.assign(0.0)}

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, "delta")])
    def incr_counter_by(self, delta: tf.Tensor) -> Tensors:
        return {"output": self.count.assign_add(delta)}


def write_counter(base_path: Path) -> None:
    """Writes version 1 of `counter`."""
    module = Counter()
    names = ("get_counter", "incr_counter", "reset_counter", "incr_counter_by")
    signatures = {name: getattr(module, name) for name in names}
    tf.saved_model.save(module, str(base_path / "1"), signatures=signatures)


def _echo(inputs: dict[str, tf.DType]) -> tf.types.experimental.PolymorphicFunction:
    def echo(**given: tf.Tensor) -> Tensors:
        return {name: tf.identity(value) for name, value in given.items()}

    return _function(inputs, echo)


def _function(inputs: dict[str, tf.DType], answer: object) -> tf.types.experimental.PolymorphicFunction:
    specs = {name: tf.TensorSpec(None, dtype, name) for name, dtype in inputs.items()}
    return tf.function(answer).get_concrete_function(**specs)
