"""Byte pairs in the graph, against the library that the original tokenizers are made with."""

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from serving.writing.byte_pairs import BytePairs, tidy
from tests.tiny_llama import END, MERGES, START, tiny_vocabulary

TEXT = st.text(st.sampled_from("redbluemilktea 12'st.,!?\n\u3000éÉ日本🙂<|>_-"), max_size=30)


@pytest.fixture(scope="module")
def pieces() -> BytePairs:
    return BytePairs(tiny_vocabulary(), MERGES, [0, 1])


@pytest.fixture(scope="module")
def peer() -> Tokenizer:
    """GPT-2's, over the same vocabulary."""
    tokenizer = Tokenizer(models.BPE(tiny_vocabulary(), [tuple(merge.split(" ")) for merge in MERGES]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXT, min_size=1, max_size=4))
def test_tokens_are_those_of_the_original(pieces: BytePairs, peer: Tokenizer, texts: list[str]) -> None:
    tidied = tidy(tf.constant(texts))
    tokens = pieces.tokenize(tidied)
    spelled = [text.decode() for text in tidied.numpy()]
    assert tokens.to_list() == [peer.encode(text).ids for text in spelled]
    assert [text.decode() for text in pieces.detokenize(tokens).numpy()] == spelled


def test_special_tokens_are_not_found_in_texts(pieces: BytePairs) -> None:
    tokens = pieces.tokenize(tf.constant([f"{START}red{END}"]))
    assert not {0, 1} & set(tokens.to_list()[0])


def test_half_a_character_is_left_out(pieces: BytePairs) -> None:
    tokens = pieces.tokenize(tf.constant(["ab🙂"]))
    assert pieces.detokenize(tokens[:, :-1]).numpy().tolist() == [b"ab"]


def test_white_space_is_tidied() -> None:
    given = ["  a \t b \r\n\n c\u3000d\x00 ", "\n\n", ""]
    assert [text.decode() for text in tidy(tf.constant(given)).numpy()] == ["a b\nc d", "", ""]
