"""Asks the served models, and says in the shop's words why one did not answer."""

import logging
import time
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shelfwise_client import AsyncShelfwise
from shelfwise_client.call import Call
from shelfwise_client.errors import (
    CallTimeoutError,
    InvalidAnswerError,
    MalformedAnswer,
    ModelNotFoundError,
    RefusedRequestError,
    ServerBusyError,
    ServerUnavailableError,
    ServingError,
)
from shelfwise_client.protocol.signatures import read_signatures
from shelfwise_client.protocol.tensors import TEXT
from shelfwise_client.signature_memory import MissingSignatureError
from tfx_pipeline.gateway.errors import Refused
from tfx_pipeline.gateway.options import OtherVersion
from tfx_pipeline.gateway.user_keys import share_of

Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)
_HEALTH_SECONDS = 2.0
# How long a model that did not know the label is not asked by it again.
_UNLABELLED_SECONDS = 60.0
# How long a model is not asked by a signature again that it did not have.
_LACKING_SECONDS = 60.0
# How long it is remembered what a model is told beside.
_TOLD_SECONDS = 10.0


class ModelsAwayError(Refused):
    """The models do not answer now; what sells may be shown instead."""


class NoSignatureError(Refused):
    """The model was pushed without what is asked of it."""


@dataclass(frozen=True, slots=True)
class Said(Generic[Result]):
    """What a model answered.

    Attributes:
        result: The answer.
        model: Name of the model.
        version: Its version.
        signature: What of the model answered; empty where none did.
    """

    result: Result
    model: str
    version: int
    signature: str = ""


class ServedModels:
    """The models behind the gateway. Make it where an event loop runs.

    Args:
        address: HOST:PORT of their gRPC port.
        timeout_seconds: How long each may take.
        other: A version that some users get instead of the newest.
    """

    def __init__(self, address: str, timeout_seconds: float, other: OtherVersion) -> None:
        # What is not there at once is answered by what sells: trying again would only make people wait.
        self._newest = AsyncShelfwise(address, timeout_seconds=timeout_seconds, retries=False)
        self._other = other
        self._labelled = (
            AsyncShelfwise(address, timeout_seconds=timeout_seconds, retries=False, version_label=other.label)
            if other.label
            else None
        )
        self._unlabelled: dict[str, float] = {}
        self._lacking: dict[tuple[AsyncShelfwise, str, str], float] = {}
        self._versions: dict[str, int] = {}
        self._told: dict[str, tuple[float, dict[str, bool]]] = {}
        self._asked_at = -_HEALTH_SECONDS

    async def ask(self, call: Call[Result], user: str = "") -> Said[Result]:
        """Asks a model.

        Args:
            call: What is asked.
            user: The key of the user, who may be one that gets the other version.

        Raises:
            Refused: The model was not pushed, or does not take the request.
            ModelsAwayError: It does not answer now.
        """
        client = self._client(call.model, user)
        try:
            result, version = await client.ask_with_version(call)
        except (ModelNotFoundError, RefusedRequestError) as error:
            if client is self._labelled:
                # Labels belong to single models: of the others everybody gets the newest version.
                self._unlabelled[call.model] = time.monotonic() + _UNLABELLED_SECONDS
                _LOG.warning("Model `%s` is asked without the label `%s`: %s", call.model, self._other.label, error)
                return await self.ask(call, user)
            if isinstance(error, RefusedRequestError):
                raise Refused(502, f"Model `{call.model}` refused what the gateway asked: {error}") from error
            raise Refused(404, f"No model `{call.model}` was pushed, so that is not answered here.") from None
        except MissingSignatureError:
            raise NoSignatureError(
                404, f"Model `{call.model}` was pushed without `{call.signature}`, so that is not answered here."
            ) from None
        except ValueError as error:
            raise Refused(422, str(error)) from error
        except (ServerUnavailableError, CallTimeoutError, ServerBusyError, InvalidAnswerError) as error:
            raise ModelsAwayError(503, f"Model `{call.model}` does not answer now: {error}", 1) from error
        except ServingError as error:
            raise Refused(502, f"Model `{call.model}` refused what the gateway asked: {error}") from error
        return Said(result, call.model, version, call.signature)

    async def ask_where_able(self, call: Call[Result], otherwise: Call[Result], user: str = "") -> Said[Result]:
        """Asks by a signature that not every model has, and one without it by another.

        Args:
            call: What is asked.
            otherwise: What is asked of a model that lacks the signature; so is each for a minute after.
            user: See `ask`, which says what is raised.
        """
        place = (self._client(call.model, user), call.model, call.signature)
        if self._lacking.get(place, 0.0) < time.monotonic():
            try:
                return await self.ask(call, user)
            except NoSignatureError:
                self._lacking[place] = time.monotonic() + _LACKING_SECONDS
        return await self.ask(otherwise, user)

    async def told_inputs(self, call: Call[Any]) -> dict[str, bool]:
        """Returns what the model is told beyond a call's own inputs, each with whether it is a text or else a number.

        It depends on the shop's tables, so the model says it. Of one that does not answer it is nothing: to ask it says
        what is wrong.
        """
        at, inputs = self._told.get(call.model, (-_TOLD_SECONDS, {}))
        if time.monotonic() - at >= _TOLD_SECONDS:
            try:
                signatures = read_signatures(await self._newest.metadata(call.model))
            except (ServingError, MalformedAnswer):
                return {}
            signature = signatures.get(call.signature)
            inputs = (
                {name: spec.data_type == TEXT.number for name, spec in signature.inputs.items()} if signature else {}
            )
            self._told[call.model] = time.monotonic(), inputs
        return {name: is_text for name, is_text in inputs.items() if name not in call.inputs}

    def _client(self, model: str, user: str) -> AsyncShelfwise:
        labelled = (
            self._labelled is not None
            and bool(user)
            and self._unlabelled.get(model, 0.0) < time.monotonic()
            and share_of(user, "version") < self._other.share
        )
        return self._labelled if labelled and self._labelled is not None else self._newest

    async def versions(self, models: tuple[str, ...]) -> dict[str, int]:
        """Returns the version of each of some models that answers; asked again after two seconds."""
        if time.monotonic() - self._asked_at >= _HEALTH_SECONDS:
            self._versions = {model: version for model in models if (version := await self._version(model)) is not None}
            self._asked_at = time.monotonic()
        return self._versions

    async def _version(self, model: str) -> int | None:
        try:
            metadata = await self._newest.metadata(model)
        except ServingError:
            return None
        return int(metadata.model_spec.version.value)

    async def close(self) -> None:
        """Closes the connections."""
        await self._newest.close()
        if self._labelled is not None:
            await self._labelled.close()
