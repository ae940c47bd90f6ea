"""What a client asks the model."""

from shelfwise_client.call import Call, texts


def is_shouted(text):
    """Tells whether a text shouts."""
    return Call(
        "shouting", "serving_default", {"text": texts([text])}, lambda outputs: outputs["labels"][0, 0] == b"loud"
    )
