"""The kinds of values that requests hold."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

# Longer than any shop's ids, and short enough that a thousand of them are small.
MOST_ID_CHARACTERS = 512


def _can_be_sent(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("expected text that UTF-8 can hold, got half of a surrogate pair") from None
    return text


Text = Annotated[str, AfterValidator(_can_be_sent)]
Id = Annotated[Text, Field(min_length=1, max_length=MOST_ID_CHARACTERS)]
ShortText = Annotated[Text, Field(max_length=MOST_ID_CHARACTERS)]
LongText = Annotated[Text, Field(max_length=10_000)]
Amount = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class Taken(BaseModel):
    """What comes in: an unknown key is refused, as a misspelt one would be lost."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Given(BaseModel):
    """What goes out."""

    model_config = ConfigDict(frozen=True)


class Answered(Given):
    """What every answer of a model says of itself.

    Attributes:
        request_id: The request's id, also in the header `X-Request-ID`; events and feedback may name it.
        model: Name of the model that answered; empty where none could, and what sells is shown instead.
        version: Its version; 0 where none could.
    """

    request_id: str
    model: str
    version: int


class Refusal(Given):
    """Why a request was not answered.

    Attributes:
        error: What was expected, what came, and what to do.
        request_id: The request's id.
    """

    error: str
    request_id: str
