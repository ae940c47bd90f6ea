"""Writes a trained response model as the SavedModel that is served."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from serving.model_names import RESPONSE_MODEL
from serving.response.items import ResponseItems
from serving.response.module import ResponseFacts, ResponseModule
from serving.response.uplift import TreatmentScorer
from serving.response.words import ItemWords
from trainer.artifacts.model_versions import package_versions
from trainer.exporting import write_extra_assets
from trainer.response.feature_table import FeatureNames
from trainer.response.items import ItemTotals
from trainer.response.network import ResponseNetwork
from trainer.response.options import ResponseOptions
from trainer.response.uplift.network import UpliftNetwork

_SHOWN_ITEMS, _SHOWN_PRODUCTS = 20, 5
_PACKAGES = ("tensorflow", "keras")


def export_response(
    folder: str,
    network: ResponseNetwork,
    names: FeatureNames,
    items: ResponseItems,
    totals: ItemTotals,
    facts: Mapping[str, Any],
    options: ResponseOptions,
    training: Mapping[str, Any],
    uplift: UpliftNetwork | None = None,
    words: ItemWords | None = None,
) -> None:
    """Writes the SavedModel `response` with its warm-up file and its model card.

    Args:
        folder: Where to; any filesystem that TensorFlow writes.
        network: The trained network.
        names: What its features are.
        items: What may be shown.
        totals: What came of each item so far.
        facts: What the examples' artifact says.
        options: How long a request may be.
        training: What training.json says.
        uplift: What treatments add; None where that is not known.
        words: The words of what the items say, which `explain` tells of.
    """
    known = ResponseFacts(
        outcomes=names.outcomes,
        event_types=tuple(facts["event_types"]),
        bought_event_type=facts["bought_event_type"],
        request_texts=tuple(facts["request_texts"]),
        request_numbers=tuple(facts["request_numbers"]),
        vocabularies={
            name: tuple(value.encode("utf-8", "surrogateescape") for value in values)
            for name, values in names.categories.items()
        },
        feature_names=names.numbers,
        time_zone=facts["time_zone"],
        clock=facts["clock"],
        history_length=facts["history_length"],
        shown_length=facts["shown_length"],
        offers_per_request=options.offers_per_request,
        max_k=options.max_k,
    )
    networks = [network] if uplift is None else [network, uplift.network]
    variables = [variable.value for each in networks for variable in each.variables]
    module = ResponseModule(
        items,
        known,
        totals.shown,
        totals.outcomes,
        network.probabilities,
        variables,
        None if uplift is None else TreatmentScorer(uplift.treatments, uplift.expected),
        words,
    )
    signatures = module.signatures()
    tf.saved_model.save(module, folder, signatures=signatures)
    ids = [each.decode("utf-8", "surrogateescape") for each in items.item_ids]
    card = {
        "model": RESPONSE_MODEL,
        "training": dict(training),
        "outcomes": list(names.outcomes),
        "treatments": [] if uplift is None else list(uplift.treatments),
        "features": [*names.numbers, *names.categories],
        "request_texts": list(known.request_texts),
        "request_numbers": list(known.request_numbers),
        "offers": ids[:_SHOWN_ITEMS],
        "products": [each.decode("utf-8", "surrogateescape") for each in items.product_ids[:_SHOWN_PRODUCTS]],
        "position": "left out: probabilities are those of the mean position of the impressions learned from",
        "versions": package_versions(_PACKAGES),
        "limits": {
            "history_length": known.history_length,
            "shown_length": known.shown_length,
            "offers_per_request": known.offers_per_request,
            "max_k": known.max_k,
            "offers": len(ids),
        },
    }
    asked: dict[str, bytes | int] = {
        "offer_ids": items.item_ids[0],
        "offer_id": items.item_ids[0],
        "shown_ids": items.item_ids[0],
        "k": 3,
    }
    write_extra_assets(folder, RESPONSE_MODEL, signatures, asked, card)
