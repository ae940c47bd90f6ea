"""What a server reads of a model's card, which says the model's limits."""

import json
from pathlib import Path

from serving.max_k import DEFAULT_MAX_K

MODEL_CARD = Path("assets.extra", "model_card.json")


def max_k_of(version_folder: Path) -> int | None:
    """Returns the most products that a request to a version may ask for.

    Returns:
        The card's `limits.max_k`, or the default where the card has none, as those of earlier versions; None without a
        card, as what another tool wrote may mean something else by `k`.
    """
    try:
        card = json.loads((version_folder / MODEL_CARD).read_bytes())
        return int(card["limits"]["max_k"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return DEFAULT_MAX_K
