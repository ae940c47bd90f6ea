"""TensorFlow Serving's protocol without TensorFlow: its messages, and arrays in and out of them."""
