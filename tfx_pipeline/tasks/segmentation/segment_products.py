"""`shelfwise recommend --segment`: what the last run found to offer a segment; nothing here loads TensorFlow."""

import json
from pathlib import Path
from typing import Any

from components.errors import InputError
from tfx_pipeline.terminal.console import console, listing
from trainer.artifacts.names import PROFILES_FILE


def recommend_to(segment: str, root: Path, *, k: int, as_json: bool) -> None:
    """Prints the products to offer a segment, with the share of its users that each is recommended to and the lift.

    Raises:
        InputError: The root has no segments, not this one, or no products for it.
    """
    file = root / "segments" / PROFILES_FILE
    if not file.exists():
        raise InputError(f"{file}: there is none; run a configuration with the task segmentation, or give its --root.")
    profiles: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if segment not in profiles:
        raise InputError(f"--segment {segment}: there is no such segment; {root} has {', '.join(profiles)}.")
    products = profiles[segment]["products"][:k]
    if not products:
        raise InputError(f"--segment {segment}: it has no products; the run needs the task recommendation too.")
    if as_json:
        console.print_json(json.dumps(products, ensure_ascii=False))
        return
    table = listing("share", "lift", "product id", "title", figures=2, cut=True)
    for product in products:
        table.add_row(f"{product['share']:.3f}", f"{product['lift']:.2f}", product["product_id"], product["title"])
    console.print(table)
