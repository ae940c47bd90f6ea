"""What a client remembers of the signatures of the models that it asked."""

from serving.client.call import Shapes


class ShapeMemory:
    """The shapes of inputs by model and signature; safe for threads, as each method takes one step.

    Args:
        address: Of the server, for messages.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._models: dict[str, dict[str, Shapes]] = {}

    def signatures(self, model: str) -> dict[str, Shapes] | None:
        """Returns what is known of a model; None has it asked for."""
        return self._models.get(model)

    def remember(self, model: str, signatures: dict[str, Shapes]) -> dict[str, Shapes]:
        """Keeps the shapes of a model, and returns them."""
        self._models[model] = signatures
        return signatures

    def forget(self, model: str) -> None:
        """Has the shapes of a model asked for again."""
        self._models.pop(model, None)

    def of_signature(self, signatures: dict[str, Shapes], model: str, signature: str) -> Shapes:
        """Returns the shape of each input of a signature.

        Raises:
            ValueError: The model has no such signature.
        """
        if signature not in signatures:
            raise ValueError(
                f"Model `{model}` at {self._address} has no signature `{signature}`, but {sorted(signatures)}; was it "
                "exported by another version?"
            )
        return signatures[signature]
