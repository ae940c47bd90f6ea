"""Writes a BERT small enough to train in a test, as a KerasNLP preset folder."""

from pathlib import Path

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.

WORDS = "milk bread tea coffee apple cheese red green big small kids cereal oz 12 牛 奶 茶 , . > & a b c d e"


def write_tiny_bert(folder: Path) -> None:
    """Writes backbone (2 layers, 16 wide, 2 heads) and tokenizer into `folder`."""
    import keras
    import keras_nlp

    keras.utils.set_random_seed(0)
    letters = [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789"]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS.split()]
    vocabulary += [*letters, *(letter[2:] for letter in letters if letter[2:] not in vocabulary)]
    tokenizer = keras_nlp.models.BertTokenizer(vocabulary=vocabulary, lowercase=True)
    backbone = keras_nlp.models.BertBackbone(
        vocabulary_size=len(vocabulary),
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=64,
    )
    backbone.save_to_preset(str(folder))
    tokenizer.save_to_preset(str(folder))
