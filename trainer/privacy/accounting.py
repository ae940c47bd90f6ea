"""What steps of DP-SGD cost in privacy."""

import logging
from typing import Any

from trainer.privacy.batches import PoissonBatches
from trainer.privacy.options import PrivacyOptions


def spent_epsilon(options: PrivacyOptions, sampled: float, steps: int) -> float | None:
    """Returns the epsilon of so many steps, of which each learns from every example with the same chance.

    Neighbours are data sets of which one has an example more. The smaller of two bounds counts: that of Rényi
    differential privacy (Mironov, Talwar and Zhang, "Rényi differential privacy of the sampled Gaussian mechanism",
    2019) and that of privacy loss distributions (Koskela, Jälkö and Honkela, AISTATS 2020), both of Google's
    dp-accounting.

    Args:
        options: Noise and delta.
        sampled: Chance of an example to be in a step, over 0 and up to 1.
        steps: How many were taken.

    Returns:
        Epsilon; None where no noise was added, so that there is none. 0 for no steps.
    """
    if not steps:
        return 0.0
    if options.noise_multiplier == 0.0:
        return None
    from dp_accounting import dp_event
    from dp_accounting.pld import PLDAccountant
    from dp_accounting.rdp import RdpAccountant

    noisy = dp_event.GaussianDpEvent(options.noise_multiplier)
    event = dp_event.SelfComposedDpEvent(dp_event.PoissonSampledDpEvent(sampled, noisy), steps)
    accountants: list[Any] = [RdpAccountant(), PLDAccountant()]
    absl = logging.getLogger("absl")
    level = absl.level
    # Of orders that do not converge each says so in a line; it goes on without them, and the bound still holds.
    absl.setLevel(logging.ERROR)
    try:
        return min(float(each.compose(event).get_epsilon(options.delta)) for each in accountants)
    finally:
        absl.setLevel(level)


def privacy_summary(
    options: PrivacyOptions, batches: PoissonBatches, steps: int, *, unit: str, covers: str
) -> dict[str, Any]:
    """Returns what training.json, the model card and the summary say of a private training.

    Args:
        options: How it was trained.
        batches: On what.
        steps: Steps taken, those after the best epoch too.
        unit: What is protected, such as `text`.
        covers: What the promise holds for, and what not.
    """
    sampled = batches.size / batches.units
    return {
        "epsilon": spent_epsilon(options, sampled, steps),
        **options.model_dump(),
        "unit": unit,
        "sampled": sampled,
        "steps": steps,
        "covers": covers,
    }
