"""An HTTP service in front of the served models that speaks the shop's language; it loads no TensorFlow."""
