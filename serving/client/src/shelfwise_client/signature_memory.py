"""What a client remembers of the models that it asked."""

from collections.abc import Mapping

from shelfwise_client.protocol.signatures import Signature
from shelfwise_client.signature_names import SERVING_DEFAULT


class MissingSignatureError(ValueError):
    """A model has no signature of that name."""


class SignatureMemory:
    """The signatures of models; safe for threads, as each method takes one step.

    Args:
        address: Of the server, for messages.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._models: dict[str, Mapping[str, Signature]] = {}

    def signatures(self, model: str) -> Mapping[str, Signature] | None:
        """Returns what is known of a model; None has it asked for."""
        return self._models.get(model)

    def remember(self, model: str, signatures: Mapping[str, Signature]) -> Mapping[str, Signature]:
        """Keeps the signatures of a model, and returns them."""
        self._models[model] = signatures
        return signatures

    def forget(self, model: str) -> None:
        """Has the signatures of a model asked for again."""
        self._models.pop(model, None)

    def of_name(self, signatures: Mapping[str, Signature], model: str, signature: str) -> Signature:
        """Returns a signature by its name.

        Raises:
            MissingSignatureError: The model has no such signature; it is asked for again next time, as a newer
                version may.
        """
        # To a server "" is this one.
        signature = signature or SERVING_DEFAULT
        if signature not in signatures:
            self.forget(model)
            raise MissingSignatureError(
                f"Model `{model}` at {self._address} has no signature `{signature}`, but {sorted(signatures)!s:.400}; "
                "was it exported by another version?"
            )
        return signatures[signature]
