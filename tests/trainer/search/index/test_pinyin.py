"""Chinese words by their pinyin, read by a table of a few characters."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import tensorflow as tf

from serving.graph.words import plain_words
from serving.search.synonyms import SynonymReader
from trainer.search.index.corrections import known_words
from trainer.search.index.pinyin import learn_pinyin, with_pinyin
from trainer.search.index.postings import build_postings
from trainer.search.index.shoppers_words import NO_MORE_WORDS

_SYLLABLES = {"牛": "niu", "奶": "nai", "全": "quan", "脂": "zhi", "球": "qiu", "鞋": "xie", "我": "wo", "们": "men"}
_TITLES = ["全脂牛奶 1L", "牛奶250ml", "Ｌｕｍｉ球鞋", "我们", "扭奶"]
_NOTHING_KNOWN = np.zeros(0, np.int64)


def reading(run: str) -> Sequence[str]:
    return [_SYLLABLES.get(character, "niu") for character in run]


def test_words_are_found_in_one_word_or_two_syllables() -> None:
    learned = learn_pinyin(_TITLES, build_postings(_TITLES, None), _NOTHING_KNOWN, reading)
    # More titles say 牛奶 than 扭奶. Plurals are taken back before words are looked up, so qiuxie is there as qiuxy.
    assert learned == {
        "niunai": "牛 奶",
        "niu nai": "牛 奶",
        "quanzhi": "全 脂",
        "quan zhi": "全 脂",
        "zhiniu": "脂 牛",
        "zhi niu": "脂 牛",
        "quanzhiniu": "全 脂 牛",
        "zhiniunai": "脂 牛 奶",
        "quanzhiniunai": "全 脂 牛 奶",
        "qiuxy": "球 鞋",
        "qiu xy": "球 鞋",
        "women": "我 们",
        "wo men": "我 们",
    }
    typed = plain_words(tf.constant(["quanzhi niunai", "LUMI qiuxie", "niu nai 1L", "milk"]))
    read, changed = SynonymReader(learned).read(typed)
    words = [" ".join(word.decode() for word in row) for row in read.to_list()]
    assert words == ["全 脂 牛 奶", "lumi 球 鞋", "牛 奶 1 l", "milk"]
    np.testing.assert_array_equal(changed, [True, True, True, False])


def test_what_is_a_word_already_is_no_pinyin() -> None:
    texts = ["我们", "牛奶 niunai"]
    learned = learn_pinyin(texts, build_postings(texts, None), known_words(["women"]), reading)
    assert learned == {"niu nai": "牛 奶", "wo men": "我 们"}


def test_traditional_characters_are_read_as_simplified_ones() -> None:
    table = {"无": "wu", "线": "xian"}
    texts = ["無線", "麻"]
    learned = learn_pinyin(
        texts, build_postings(texts, None), _NOTHING_KNOWN, lambda run: [table[each] for each in run]
    )
    assert learned == {"wuxian": "无 线", "wu xian": "无 线"}


def test_a_vocabulary_gets_what_products_brands_and_categories_are_called() -> None:
    columns = {"title": ["牛奶", None], "brand": ["全脂", None], "category": [None, "球鞋 > 我们"]}
    catalogue = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    postings = build_postings(["牛奶", ""], None)
    given = NO_MORE_WORDS._replace(synonyms={"niunai": "奶"})
    found = with_pinyin(given, catalogue, postings, _NOTHING_KNOWN, reading).synonyms
    assert found["niunai"] == "奶"
    assert {"quanzhi", "qiuxy", "women"} < found.keys()
    assert with_pinyin(given, catalogue, postings, _NOTHING_KNOWN, None) is given
