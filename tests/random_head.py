"""A head of the search encoder with nothing left as it begins."""

from collections.abc import Sequence

import numpy as np

from trainer.search.encoder import SearchEncoder, new_head
from trainer.text.backbone import TextEncoder


def encoder_with_random_head(text_encoder: TextEncoder, texts: Sequence[str], seed: int) -> SearchEncoder:
    """Returns an encoder with a head for a catalogue's texts, whose linear change is random."""
    encoder = SearchEncoder(text_encoder, None)
    head = new_head(text_encoder, encoder.token_ids(texts))
    head.change.kernel.assign(np.random.default_rng(seed).normal(size=head.change.kernel.shape))
    return encoder._replace(head=head)
