"""Fine-tunes a language model on the shop's own pairs, by LoRA."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from serving.writing.byte_pairs import tidy
from serving.writing.template import Template
from trainer.fitting.batches import unsharded
from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.fit import EpochValidation, fit
from trainer.fitting.hyperparameters import write_hyperparameters
from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.fitting.softmax_model import Losses, SoftmaxModel
from trainer.fitting.strategy import chosen_hardware
from trainer.fitting.training_length import training_length
from trainer.writing.language_model import LanguageModel
from trainer.writing.options import WritingOptions, without_settings
from trainer.writing.pairs import Pair

MONITORED = "loss"
_MOST_VALIDATED = 200


class TokenPairs:
    """Prompts with their texts as tokens, batched by length.

    Args:
        language: Whose tokens.
        pairs: The pairs, each with a target.
        options: Prompts, and how long they and texts may be.
        seed: Of the order.
    """

    def __init__(self, language: LanguageModel, pairs: Sequence[Pair], options: WritingOptions, seed: int) -> None:
        asked, self._batch, self._seed = options.language, options.training.batch_size, seed
        before, after = language.ids_with_special(asked.before), language.ids_with_special(asked.after)
        room = asked.prompt_tokens - len(before) - len(after)
        pieces = language.pieces()
        prompts = _tokens(pieces, [_prompt(options, pair) for pair in pairs])
        texts = _tokens(pieces, [pair.target for pair in pairs])
        end = language.ends()[0]
        self._rows, self._starts = [], []
        for prompt, text in zip(prompts, texts, strict=True):
            begun = [*before, *prompt[:room], *after]
            # A text that is cut does not end there.
            ending = [end] if len(text) < asked.new_tokens else []
            self._rows.append([*begun, *text[: asked.new_tokens], *ending])
            self._starts.append(len(begun))
        self.steps = -(-len(pairs) // self._batch)
        self._pad = end

    def batches(self, epoch: int | None = None, skipped: int = 0) -> tf.data.Dataset:
        """Returns batches: token_ids and weights, int32 and float32 `(batch, width)`, weights 1 for a text's tokens.

        Args:
            epoch: Which epoch, whose order it has; None for texts in order of length.
            skipped: Batches left out at the beginning.
        """
        lengths = np.array([len(row) for row in self._rows])
        random = np.random.default_rng([self._seed, epoch or 0])
        noise = random.uniform(0.8, 1.25, len(lengths)) if epoch is not None else 1.0
        order = np.argsort(lengths * noise, kind="stable")
        places = np.arange(self.steps)
        if epoch is not None:
            random.shuffle(places)

        def made() -> Any:
            for place in places[skipped:]:
                chosen = order[place * self._batch : (place + 1) * self._batch]
                width = int(lengths[chosen].max())
                ids = np.full((len(chosen), width), self._pad, np.int32)
                weights = np.zeros((len(chosen), width), np.float32)
                for row, pair in enumerate(chosen):
                    ids[row, : lengths[pair]] = self._rows[pair]
                    weights[row, self._starts[pair] : lengths[pair]] = 1.0
                yield {"token_ids": ids, "weights": weights}

        shape = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None], tf.float32)
        return unsharded(
            tf.data.Dataset.from_generator(
                made, output_signature=dict(zip(("token_ids", "weights"), shape, strict=True))
            )
        )


class TunedModel(SoftmaxModel):
    """The language model and its loss: cross-entropy of the tokens of the texts, given their prompts.

    Args:
        language: The language model, with LoRA.
    """

    def __init__(self, language: LanguageModel) -> None:
        super().__init__(name="writing")
        self.language = language.model.backbone
        self._logits: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = language.logits

    def losses_of(self, batch: dict[str, Any], training: bool) -> Losses:
        """Returns what the texts of a batch have lost."""
        ids, weights = batch["token_ids"], batch["weights"][:, 1:]
        logits = self._logits(ids[:, :-1], tf.ones_like(ids[:, :-1], tf.bool))
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(ids[:, 1:], logits)
        return Losses(tf.reduce_sum(losses * weights), tf.reduce_sum(weights))


class _HeldOut(EpochValidation):
    def __init__(self, model: TunedModel, pairs: TokenPairs) -> None:
        self._pairs = pairs
        self._losses = tf.function(lambda batch: model.losses_of(batch, training=False), reduce_retracing=True)

    def judge(self, epoch: int, last: bool) -> dict[str, float]:
        totals = [tuple(map(float, self._losses(batch))) for batch in self._pairs.batches()]
        return {MONITORED: sum(total for total, _ in totals) / sum(weight for _, weight in totals)}


def tune(
    load: Callable[[], LanguageModel],
    learned: Sequence[Pair],
    validated: Sequence[Pair],
    options: WritingOptions,
    *,
    seed: int,
    log_uri: str,
    most_steps: int | None = None,
    checkpoint_uri: str = "",
) -> tuple[LanguageModel, dict[str, Any]]:
    """Returns the language model after training, and what training.json says of it.

    It stays as it is where there are too few pairs, or none to validate on, or where it gets no better on these.

    Args:
        load: Loads it; called once more where LoRA's update is put into its weights.
        learned: Training pairs, each with a target.
        validated: Eval pairs likewise.
        options: How to train.
        seed: Of weights and order.
        log_uri: Where TensorBoard's event files go.
        most_steps: The most batches to train on; None for as many as the options say.
        checkpoint_uri: Where checkpoints go; empty for none.
    """
    training = options.training
    if not training.enabled or len(learned) < training.min_pairs or not validated:
        return load(), {"tuned": False, "pairs": len(learned)}
    keras.utils.set_random_seed(seed)
    learned, validated = _lowest_hashes(learned, training.max_pairs), _lowest_hashes(validated, _MOST_VALIDATED)
    with chosen_hardware(training.strategy, training.precision) as hardware:
        # Loaded here, so that it lies on the devices and computes in the precision that were chosen.
        language = load()
        language.model.backbone.enable_lora(training.lora_rank)
        pairs, held_out = (TokenPairs(language, each, options, seed) for each in (learned, validated))
        length = training_length(pairs.steps, training.max_epochs, most_steps)
        model = TunedModel(language)
        schedule = warm_up_and_decay(training.learning_rate, length.all_steps)
        model.compile(optimizer=adamw(schedule, weight_decay=training.weight_decay), jit_compile=False)
    validation = _HeldOut(model, held_out)
    before = validation.judge(0, last=False)
    best = fit(
        model,
        lambda epoch, skipped: pairs.batches(epoch, skipped),
        length=length,
        validation=validation,
        monitored=MONITORED,
        patience=training.patience,
        log_uri=log_uri,
        checkpoints=Checkpoints(checkpoint_uri, training.checkpoint_minutes),
        lowest=True,
    )
    write_hyperparameters(log_uri, training, seed, best)
    summary = {**best.summary, "pairs": len(learned), "before": before, "hardware": hardware._asdict()}
    tuned = load()
    if best.metrics[MONITORED] >= before[MONITORED]:
        return tuned, {**summary, "tuned": False}
    tuned.merge_lora(language)
    return tuned, {**summary, "tuned": True}


def _lowest_hashes(pairs: Sequence[Pair], count: int) -> list[Pair]:
    return sorted(pairs, key=lambda pair: hashlib.sha256(pair.to_record()).digest())[:count]


def _prompt(options: WritingOptions, pair: Pair) -> str:
    kind = options.kinds[pair.what]
    return Template(without_settings(kind.prompt, kind.style, kind.max_words)).fill(pair.named())


def _tokens(pieces: Any, texts: Sequence[str]) -> list[list[int]]:
    found: list[list[int]] = pieces.tokenize(tidy(tf.constant(list(texts), tf.string))).to_list()
    return found
