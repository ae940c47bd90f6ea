"""Refuses treatments from which nobody can learn what an offer adds."""

import tensorflow as tf

from components.errors import InputError
from trainer.artifacts.example_files import split_files
from trainer.response.examples import feature_names, read_impressions
from trainer.response.items import load_item_facts, load_items
from trainer.response.uplift.randomness import predictability
from trainer.response.uplift.reading import known_treatments, treatment_names

_MOST_ROWS = 200_000
# So far above a half an area under the curve may lie, with all of its interval, and still pass for chance.
_MOST_FORETOLD = 0.51
_OTHERWISE = "or set `tasks.response.uplift` to null, to learn responses alone"


def check_treatments(examples_uri: str, catalogue_uri: str, control: str, seed: int) -> None:
    """Refuses training impressions whose treatments do not show what an offer adds.

    Nothing is refused where no impression names a treatment. Reads at most 200,000 training impressions.

    Args:
        examples_uri: What ResponseExamples wrote.
        catalogue_uri: Its catalogue.
        control: The treatment of those who were shown nothing.
        seed: Of what is drawn to see whether the treatment was.

    Raises:
        InputError: Everybody got a treatment or nobody did, or the treatments were not drawn and their propensity is
            not given.
    """
    facts = load_item_facts(catalogue_uri)
    records = tf.data.TFRecordDataset(split_files(examples_uri, "train"), "GZIP").take(_MOST_ROWS)
    impressions = read_impressions(records, facts)
    names = treatment_names(impressions, control)
    if not names:
        return
    known = known_treatments(impressions, names)
    if known is None:
        others = ", ".join(f"`{name}`" for name in names[1:6])
        given = f"{others} alone" if others else f"`{control}` alone"
        raise InputError(
            f"Table `impressions`: `treatment` is {given} in the training impressions, so nobody can say what an offer "
            "adds: some users have to be left out at random, and others not. Name what those have who were left out in "
            f"`tasks.response.uplift.control`, which is `{control}`, {_OTHERWISE}."
        )
    if known.given:
        return
    items = load_items(catalogue_uri).item_ids
    table = impressions.table(feature_names(impressions, facts, len(items)), items).rows(known.rows)
    found = predictability(table, known.treatments.treated, seed)
    if found.low > _MOST_FORETOLD:
        raise InputError(
            "Table `impressions`: who got a treatment can be foretold from the features (area under the curve "
            f"{found.mean:.3f}, at least {found.low:.3f}; chance is .5), so it was not drawn, and `propensity` is not "
            "given in each row: those who were treated differ from the others anyway. Give the column `propensity`, "
            f"the probability with which each row got what it got, {_OTHERWISE}."
        )
