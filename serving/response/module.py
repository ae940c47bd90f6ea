"""The served response model: its signatures, as clients of stock TF Serving see them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.graph.answers import text_variable, texts_at
from serving.graph.history import HistoryReader, history_specs
from serving.graph.lookup import IdLookup
from serving.graph.signatures import Specs, batch_of, trace
from serving.reasons.reasons import strongest_first
from serving.response.explained import ExplainedWords, joined, without_each
from serving.response.features import ItemCounts, ResponseFeatures, Shown
from serving.response.items import ResponseItems
from serving.response.shop_clock import ShopClock
from serving.response.uplift import BestTreatment, TreatmentScorer
from serving.response.words import ItemWords
from serving.signature_names import EVALUATE, EXPLAIN, RANK_OFFERS, SERVING_DEFAULT, SHOWN_INPUTS

# What comes of features: by name, as the trained network reads them, to probabilities float32 `(rows, outcomes)`.
Scorer = Callable[[Mapping[str, tf.Tensor]], tf.Tensor]
Inputs = Mapping[str, tf.Tensor]


@dataclass(frozen=True, kw_only=True)
class ResponseFacts:
    """What the module knows of its model.

    Attributes:
        outcomes: Names of the outcomes; the first is what offers are ranked by.
        event_types: Names of the event types.
        bought_event_type: That of a purchase.
        request_texts: Names of texts that a request tells, empty for unknown.
        request_numbers: Names of numbers that a request tells, NaN for unknown.
        vocabularies: Values of each categorical feature, by name: of the request, the clock and the item.
        feature_names: Names of the numbers.
        time_zone: Where days begin.
        clock: Whether weekday and hour count.
        history_length: Events of a request.
        shown_length: Impressions of a request.
        offers_per_request: Offers that a row names.
        max_k: Offers that `rank_offers` answers at the most.
    """

    outcomes: tuple[str, ...]
    event_types: tuple[str, ...]
    bought_event_type: str
    request_texts: tuple[str, ...]
    request_numbers: tuple[str, ...]
    vocabularies: Mapping[str, tuple[bytes, ...]]
    feature_names: tuple[str, ...]
    time_zone: str
    clock: bool
    history_length: int
    shown_length: int
    offers_per_request: int
    max_k: int


class ResponseModule(tf.Module):
    """Says how likely a user responds to offers.

    Args:
        items: What may be shown.
        facts: What the model reads.
        shown: float32 `(items,)`: impressions of each item so far.
        responses: float32 `(items, outcomes)`: what came of them.
        scorer: The trained network.
        variables: Its variables, and those of `treatments`.
        treatments: What treatments add; None where nothing is known of any.
        words: The words of what the items say; none where they are not told.
    """

    def __init__(
        self,
        items: ResponseItems,
        facts: ResponseFacts,
        shown: npt.NDArray[np.float32],
        responses: npt.NDArray[np.float32],
        scorer: Scorer,
        variables: Sequence[tf.Variable],
        treatments: TreatmentScorer | None = None,
        words: ItemWords | None = None,
    ) -> None:
        super().__init__(name="response")
        self._facts, self._count = facts, len(items.item_ids)
        self._items = IdLookup(items.item_ids, what="offer")
        self._ids, self._texts = text_variable(items.item_ids, "ids"), text_variable(items.texts, "texts")
        self._starts, self._ends = tf.constant(items.starts), tf.constant(items.ends)
        products = IdLookup(items.product_ids, what="product")
        self._reader = HistoryReader(products, facts.event_types, facts.bought_event_type)
        self._outcomes = IdLookup([name.encode() for name in facts.outcomes], what="outcome")
        self._features = ResponseFeatures(items, facts.event_types, facts.outcomes)
        self._clock = ShopClock(facts.time_zone)
        self._vocabularies = [IdLookup(list(values), what=name) for name, values in facts.vocabularies.items()]
        self._item_categories = tf.constant(
            np.concatenate([items.categories, np.full((1, items.categories.shape[1]), b"", object)])
        )
        # The last place is that of an item that nothing is known of.
        self._shown = tf.constant(np.append(shown, np.float32(0)))
        self._responses = tf.constant(np.concatenate([responses, np.zeros((1, responses.shape[1]), np.float32)]))
        names = [*facts.feature_names, *facts.vocabularies, "texts and history", "the offer itself"]
        self._names = text_variable([name.encode() for name in names], "names")
        self._words = ExplainedWords(words) if words is not None and words.vectors.size else None
        # Behind a plain function what it holds is not tracked: only these variables go into the SavedModel.
        self._scorer: Callable[[], Scorer] = lambda: scorer
        self._variables = list(variables)
        self._treatments: Callable[[], TreatmentScorer | None] = lambda: treatments
        self._best_treatment = BestTreatment(treatments.treatments) if treatments is not None else None

    def signatures(self) -> dict[str, Any]:
        """Traces the signatures, to be handed to `tf.saved_model.save` with this module."""
        facts = self._facts
        user = self._user_specs()
        asked = batch_of("offer_ids", tf.string, facts.offers_per_request)
        ranked = {**batch_of("k", tf.int32), **batch_of("max_shown", tf.int32)}
        return trace(
            {
                SERVING_DEFAULT: (_by_name(self.respond), {**user, **asked}),
                RANK_OFFERS: (_by_name(self.rank_offers), {**user, **ranked}),
                EXPLAIN: (_by_name(self.explain), {**user, **batch_of("offer_id", tf.string)}),
                EVALUATE: (self.evaluate, batch_of("examples", tf.string)),
            }
        )

    def respond(self, inputs: Inputs) -> dict[str, tf.Tensor]:
        """Signature `serving_default`: the probability of each outcome for each offer, 0 where no offer is named.

        With treatments also `uplift`, what the one that adds most adds to the probability of the first outcome, and
        `treatments`, which one that is.
        """
        ids = inputs["offer_ids"]
        features = self._network_inputs(inputs, self._items.index_of(ids))
        found = self._scored(features)
        found = tf.where((ids == "")[:, :, None], 0.0, found)
        further = {f"probabilities_{name}": found[:, :, 1 + n] for n, name in enumerate(self._facts.outcomes[1:])}
        answer = {"probabilities": found[:, :, 0], **further}
        if self._best_treatment is not None:
            answer |= self._best_treatment.answer(self._expected_of(features), ids == "")
        return answer

    def rank_offers(self, inputs: Inputs) -> dict[str, tf.Tensor]:
        """Signature `rank_offers`: the current offers that a user most likely responds to, the best first."""
        rows = tf.shape(inputs["k"])[0]
        every = tf.repeat(tf.range(self._count)[None, :], rows, axis=0)
        probabilities = self._probabilities(inputs, every)[:, :, 0]
        now = inputs["now_seconds"][:, None]
        current = (now <= 0) | ((self._starts[None, :] <= now) & (now < self._ends[None, :]))
        times = tf.reduce_sum(
            tf.cast(self._read_shown(inputs).items[:, None, :] == every[:, :, None], tf.int32), axis=2
        )
        cap = inputs["max_shown"][:, None]
        allowed = current & ((cap <= 0) | (times < cap))
        width = min(self._facts.max_k, self._count)
        values, places = tf.math.top_k(tf.where(allowed, probabilities, -np.inf), k=width)
        answered = tf.math.is_finite(values) & (tf.range(width)[None, :] < inputs["k"][:, None])
        texts = {"offer_ids": self._ids, "texts": self._texts}
        return {
            **{name: tf.where(answered, texts_at(each, places), "") for name, each in texts.items()},
            "probabilities": tf.where(answered, values, -np.inf),
        }

    def explain(self, inputs: Inputs) -> dict[str, tf.Tensor]:
        """Signature `explain`: how much less likely the response were if a feature were not known, strongest first.

        Of an offer's text, also how much less likely it were without each of its words.
        """
        items = self._items.index_of(inputs["offer_id"])[:, None]
        features = {name: each[:, 0] for name, each in self._network_inputs(inputs, items).items()}
        changed = without_each(features)
        names = tf.repeat(tf.convert_to_tensor(self._names)[None, :], tf.shape(items)[0], axis=0)
        if self._words is not None:
            place = tf.where(items[:, 0] >= 0, items[:, 0], self._count)
            changed = joined(changed, self._words.without_each(features, place))
            names = tf.concat([names, self._words.names(place)], axis=1)
        whole = self._scored({name: each[:, None] for name, each in features.items()})[:, :, 0]
        found = strongest_first(names, whole - self._scored(changed)[:, :, 0])
        return {"names": found.texts, "attributions": found.attributions}

    def evaluate(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Signature `evaluate`: the probability of each outcome for impressions whose features are known.

        With treatments also `expected`, the probability of the first outcome under each, the control first.

        Args:
            examples: string `(batch,)`, serialized tf.Examples as ResponseExamples writes them.
        """
        facts, width = self._facts, self._features.vector_width
        numbers, categories = len(facts.feature_names), len(facts.vocabularies)
        # Of an example that lacks a feature nothing is known there.
        wanted = {
            "numbers": tf.io.FixedLenFeature([numbers], tf.float32, [float("nan")] * numbers),
            "categories": tf.io.FixedLenFeature([categories], tf.string, [""] * categories),
            "item": tf.io.FixedLenFeature([], tf.string, ""),
        }
        if width:
            wanted["vectors"] = tf.io.FixedLenFeature([width], tf.float32, [0.0] * width)
        parsed = tf.io.parse_example(examples, wanted)
        vectors = parsed["vectors"] if width else tf.zeros([tf.shape(examples)[0], 0])
        features = {
            "numbers": parsed["numbers"][:, None],
            "categories": self._codes(tf.unstack(parsed["categories"], num=categories, axis=1), 1)[:, None],
            "vectors": vectors[:, None],
            "item": self._items.index_of(parsed["item"])[:, None] + 1,
        }
        features["position"] = tf.zeros_like(features["item"])
        found = {"probabilities": self._scored(features)[:, 0]}
        if self._best_treatment is not None:
            found["expected"] = self._expected_of(features)[:, 0]
        return found

    def _expected_of(self, features: Inputs) -> tf.Tensor:
        """Returns the probability of the first outcome under each treatment, `(batch, asked, treatments)`."""
        scorer = self._treatments()
        if scorer is None:
            raise RuntimeError("a model of no treatments was asked for one")
        return self._by_row(scorer.expected, features, len(scorer.treatments))

    def _codes(self, categories: Sequence[tf.Tensor], axis: int) -> tf.Tensor:
        """Returns the place of each value in its vocabulary from 1, 0 for an unknown one; features are a new axis."""
        codes = [look.index_of(each) + 1 for look, each in zip(self._vocabularies, categories, strict=True)]
        return tf.stack(codes, axis=axis)

    def _user_specs(self) -> Specs:
        facts = self._facts
        dtypes = dict(zip(SHOWN_INPUTS, (tf.string, tf.string, tf.float32), strict=True))
        specs = history_specs(facts.history_length)
        specs |= {name: tf.TensorSpec([None, facts.shown_length], dtype, name) for name, dtype in dtypes.items()}
        specs |= batch_of("now_seconds", tf.int64)
        for name in facts.request_texts:
            specs |= batch_of(name, tf.string)
        for name in facts.request_numbers:
            specs |= batch_of(name, tf.float32)
        return specs

    def _read_shown(self, inputs: Inputs) -> Shown:
        ids, outcomes, age_seconds = (inputs[name] for name in SHOWN_INPUTS)
        known = tf.math.is_finite(age_seconds) & (age_seconds > 0.0)
        return Shown(self._items.index_of(ids), self._outcomes.index_of(outcomes), tf.where(known, age_seconds, 0.0))

    def _probabilities(self, inputs: Inputs, items: tf.Tensor) -> tf.Tensor:
        return self._scored(self._network_inputs(inputs, items))

    def _scored(self, features: Inputs) -> tf.Tensor:
        """Returns float32 `(batch, asked, outcomes)`."""
        return self._by_row(self._scorer(), features, len(self._facts.outcomes))

    def _by_row(self, scorer: Scorer, features: Inputs, width: int) -> tf.Tensor:
        """Returns what a scorer says, float32 `(batch, asked, width)`."""
        shape = tf.shape(features["item"])
        flat = {
            name: tf.reshape(each, [-1, *each.shape[2:]]) if each.shape.rank == 3 else tf.reshape(each, [-1])
            for name, each in features.items()
        }
        return tf.reshape(scorer(flat), [shape[0], shape[1], width])

    def _network_inputs(self, inputs: Inputs, items: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns what the network reads of each item, `(batch, asked, …)`."""
        facts = self._facts
        history = self._reader.read(*(inputs[name] for name in history_specs(1)))
        place = tf.where(items >= 0, items, self._count)
        counts = ItemCounts(tf.gather(self._shown, place), tf.gather(self._responses, place))
        found = self._features.compute(history, self._read_shown(inputs), items, counts)
        asked = tf.shape(items)[1]
        told = [tf.repeat(inputs[name][:, None, None], asked, axis=1) for name in facts.request_numbers]
        texts = [inputs[name] for name in facts.request_texts]
        if facts.clock:
            now = inputs["now_seconds"]
            told_time = (tf.where(now > 0, tf.strings.as_string(each), "") for each in self._clock.read(now))
            texts += list(told_time)
        categories = [tf.repeat(each[:, None], asked, axis=1) for each in texts]
        categories += tf.unstack(tf.gather(self._item_categories, place), num=self._item_categories.shape[1], axis=2)
        return {
            "numbers": tf.concat([found.numbers, *told], axis=2),
            "categories": self._codes(categories, 2),
            "vectors": found.vectors,
            "item": items + 1,
            "position": tf.zeros_like(items),
        }


def _by_name(method: Callable[[Inputs], dict[str, tf.Tensor]]) -> Callable[..., dict[str, tf.Tensor]]:
    """Returns a method of named tensors, as a signature calls it."""

    def call(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return method(inputs)

    return call
