"""Half plus two, three and so on: the model that TF Serving's tests and guides are about."""

import shutil
from pathlib import Path

import tensorflow as tf

# Folders of versions 123 and 124; a version's name may begin with zeros.
VERSIONS = ("00000123", "00000124")


def write_half_plus_two(base_path: Path, plus: float = 2.0) -> None:
    """Writes both versions of a model that answers x / 2 + plus; its signatures for examples answer the same.

    `regress_x_to_y2` and the signatures of x2 add 3 in place of `plus`.
    """
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        half = v1.Variable(0.5, name="a", use_resource=True)
        examples = v1.placeholder(tf.string, [None], "tf_example")
        features = tf.io.parse_example(
            examples,
            {
                "x": tf.io.FixedLenFeature([1], tf.float32),
                "x2": tf.io.FixedLenFeature([1], tf.float32, default_value=[0.0]),
            },
        )
        x, x2 = tf.identity(features["x"], "x"), tf.identity(features["x2"], "x2")
        y = tf.add(half * x, plus, "y")
        y2 = tf.add(half * x, 3.0, "y2")
        y3 = tf.add(half * x2, 3.0, "y3")
        session.run(v1.global_variables_initializer())
        signatures = {
            "serving_default": _signature({"x": x}, {"y": y}, tf.saved_model.PREDICT_METHOD_NAME),
            "regress_x_to_y": _signature({"inputs": examples}, {"outputs": y}, tf.saved_model.REGRESS_METHOD_NAME),
            "regress_x_to_y2": _signature({"inputs": examples}, {"outputs": y2}, tf.saved_model.REGRESS_METHOD_NAME),
            "regress_x2_to_y3": _signature({"inputs": x2}, {"outputs": y3}, tf.saved_model.REGRESS_METHOD_NAME),
            "classify_x_to_y": _signature({"inputs": examples}, {"scores": y}, tf.saved_model.CLASSIFY_METHOD_NAME),
            "classify_x2_to_y3": _signature({"inputs": x2}, {"scores": y3}, tf.saved_model.CLASSIFY_METHOD_NAME),
        }
        builder = v1.saved_model.builder.SavedModelBuilder(str(base_path / VERSIONS[0]))
        builder.add_meta_graph_and_variables(session, [tf.saved_model.SERVING], signature_def_map=signatures)
        builder.save()
    shutil.copytree(base_path / VERSIONS[0], base_path / VERSIONS[1])


def _signature(
    inputs: dict[str, tf.Tensor], outputs: dict[str, tf.Tensor], method_name: str
) -> tf.compat.v1.saved_model.signature_def_utils:
    v1 = tf.compat.v1.saved_model
    return v1.build_signature_def(
        {name: v1.build_tensor_info(tensor) for name, tensor in inputs.items()},
        {name: v1.build_tensor_info(tensor) for name, tensor in outputs.items()},
        method_name,
    )
