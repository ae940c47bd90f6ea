"""Texts that the shop has already, put right for another product: candidates beside those of a language model."""

import difflib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from trainer.writing.pairs import Pair

# All but the brand and the price, of which no other text is to be like.
_COMPARED = ("title", "category", "attributes", "question")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_CLAUSE = re.compile(r"[^,.;:!?\n]*[,.;:!?\n]*\s*")
# What is left out with a wrong fact is as little as can be: one of things that are told off.
_ITEM = re.compile(r"(?: and | & |[,.;:!?\n]+\s*)?(?:(?! and | & |[,.;:!?\n]).)*", re.DOTALL)
# A word of titles that hardly any text of the shop's own repeats is not missed in one, if so many have had it.
_SELDOM, _OFTEN = 0.02, 20
_REPEATED = re.compile(r"\b(\w+)(?:(?: and | & |, | )\1\b)+", re.IGNORECASE)
_BLANKS = re.compile(r"\s+")
_LOOSE_ENDS = re.compile(r"[\s,;:]+$")
_FACTS = re.compile(r"not in the facts: (.*)")
_UNJOINED = re.compile(r"^[\s,.;:!?]*(?:(?:and|&|or)\s+)?", re.IGNORECASE)

Reasons = Callable[[Sequence[Pair], Sequence[str]], Sequence[str]]


class KnownTexts:
    """Finds the texts of like products, and changes what is not so of this one.

    What two titles have in different places is replaced, and so are terms of a kind (a colour by the product's own).
    The title comes first where words of it are missing that the shop's texts usually repeat. What holds facts that are
    still not the product's is left out.

    Args:
        pairs: The shop's own texts, each with a target, all of one kind.
        terms: Words by their kind, as `CheckOptions.terms` has them.
    """

    def __init__(self, pairs: Sequence[Pair], terms: Mapping[str, Sequence[str]]) -> None:
        self._pairs = list(pairs)
        self._kinds = {term: kind for kind, words in terms.items() for term in words}
        self._vectorizer = TfidfVectorizer(token_pattern=r"\w+", sublinear_tf=True)
        self._vectors = self._vectorizer.fit_transform([_compared(pair) for pair in self._pairs])
        self._left_out = _left_out(self._pairs)

    def candidates(self, pairs: Sequence[Pair], count: int, reasons: Reasons) -> list[list[str]]:
        """Returns up to `count` texts for each pair, the one of the nearest product first; all of them pass.

        Args:
            pairs: What is to be written.
            count: Texts of like products that are looked at.
            reasons: Says what speaks against texts of pairs; "" for nothing.
        """
        likeness = self._vectorizer.transform([_compared(pair) for pair in pairs]) @ self._vectors.T
        asked: list[tuple[int, str]] = []
        for row, pair in enumerate(pairs):
            scores = np.asarray(likeness[row].todense()).ravel()
            nearest = np.argsort(-scores, kind="stable")[:count]
            texts = [self._changed(self._pairs[place], pair) for place in nearest if scores[place] > 0.0]
            asked += [(row, text) for text in dict.fromkeys(texts)]
        found = self._passing(pairs, asked, reasons)
        return [[text for row, text in found if row == place and text] for place in range(len(pairs))]

    def _passing(
        self, pairs: Sequence[Pair], asked: Sequence[tuple[int, str]], reasons: Reasons
    ) -> list[tuple[int, str]]:
        if not asked:
            return []
        said = reasons([pairs[row] for row, _ in asked], [text for _, text in asked])
        cut = [(row, without_facts(text, why)) for (row, text), why in zip(asked, said, strict=True)]
        left = reasons([pairs[row] for row, _ in cut], [text for _, text in cut])
        return [each for each, why in zip(cut, left, strict=True) if not why]

    def _changed(self, known: Pair, wanted: Pair) -> str:
        titles = [_own_words(pair) for pair in (known, wanted)]
        replaced = _replacements(*([word.lower() for word in words] for words in titles))
        ours = {word.lower() for word in _WORD.findall(" ".join(wanted.fields))}
        own_terms = self._terms_of(" ".join(wanted.fields))
        place_of = {
            word: place for words in self._terms_of(_compared(known)).values() for place, word in enumerate(words)
        }

        def change(match: re.Match[str]) -> str:
            word = match.group(0)
            plain = word.lower()
            if plain in ours:
                return word
            kind, other = self._kinds.get(plain), replaced.get(plain)
            if kind is not None and kind in own_terms:
                same_kind = own_terms[kind]
                other = same_kind[min(place_of.get(plain, 0), len(same_kind) - 1)]
            if other is None:
                return word
            return other.capitalize() if word[0].isupper() else other

        text = _REPEATED.sub(r"\1", _WORD.sub(change, known.target))
        said = {word.lower() for word in _WORD.findall(text)}
        told = [word for word in titles[1] if word.lower() not in self._left_out]
        missing = [word for word in told if len(word) > 2 and word.lower() not in said]
        return _begun_with(_own_title(wanted), self._left_out, text) if missing else text

    def _terms_of(self, text: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for word in _WORD.findall(text.lower()):
            if word in self._kinds and word not in found.setdefault(self._kinds[word], []):
                found[self._kinds[word]].append(word)
        return found


def without_facts(text: str, reason: str) -> str:
    """Returns a text without the clauses that hold facts which a reason names; the text itself where it names none."""
    named = _FACTS.search(reason)
    if named is None:
        return text
    facts = [fact.split(" ", 1)[-1] for fact in named.group(1).split(", ")]
    words = {word for fact in facts for word in _WORD.findall(fact.lower())}
    items = [item for item in _ITEM.findall(text) if item]
    kept = [item for item in items if not words & _plain_words(item)]
    if kept and kept[0] is not items[0]:
        begun = _UNJOINED.sub("", kept[0])
        kept[0] = begun[:1].upper() + begun[1:]
    return _LOOSE_ENDS.sub("", "".join(kept))


def _plain_words(text: str) -> set[str]:
    # The reason has words in the singular, and letters apart from digits.
    words = re.findall(r"\d+(?:[.,/]\d+)*|[^\W\d_]+", text.lower())
    spelled = {word: number for number, word in enumerate(_COUNTED, start=2)}
    return {form for word in words for form in (word, word.rstrip("s"), str(spelled.get(word, word)))}


_COUNTED = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def _compared(pair: Pair) -> str:
    fields = pair.named()
    return " ".join([" ".join(_own_words(pair)), *(fields[name] for name in _COMPARED[1:])])


def _own_title(pair: Pair) -> str:
    """Returns a title without the brand that it begins with."""
    fields = pair.named()
    title, brand = fields["title"], fields["brand"]
    return title[len(brand) :] if brand and title.lower().startswith(brand.lower()) else title


def _own_words(pair: Pair) -> list[str]:
    return _WORD.findall(_own_title(pair))


def _left_out(pairs: Sequence[Pair]) -> frozenset[str]:
    """Returns the words of titles that the shop's own texts leave out, such as for whom clothes are."""
    there: Counter[str] = Counter()
    repeated: Counter[str] = Counter()
    for pair in pairs:
        words = {word.lower() for word in _own_words(pair)}
        there.update(words)
        target = pair.target.lower()
        said = set(_WORD.findall(target))
        # Flip-flops may be flip flops there.
        repeated.update(word for word in words if word in said or ("-" in word and word.replace("-", " ") in target))
    return frozenset(word for word, count in there.items() if count >= _OFTEN and repeated[word] < _SELDOM * count)


def _replacements(known: Sequence[str], wanted: Sequence[str]) -> dict[str, str]:
    """Returns which word of one title stands where another stands in the other one."""
    found: dict[str, str] = {}
    for kind, begin, end, other_begin, other_end in difflib.SequenceMatcher(None, known, wanted, False).get_opcodes():
        if kind == "replace" and end - begin == other_end - other_begin:
            for word, other in zip(known[begin:end], wanted[other_begin:other_end], strict=True):
                found.setdefault(word, other)
    return found


def _begun_with(title: str, left_out: frozenset[str], text: str) -> str:
    """Returns a text that begins with a title, written as within a sentence, without some of its words.

    It takes the place of the first clause where that says little else, and is a sentence before it otherwise.
    """
    told = _WORD.sub(lambda match: "" if match.group(0).lower() in left_out else _within(match.group(0)), title)
    begun = _BLANKS.sub(" ", told).strip(" ,.;:&-")
    first = _CLAUSE.match(text)
    clause = first.group(0) if first is not None else ""
    said = [word.lower() for word in _WORD.findall(clause)]
    begun = begun[:1].upper() + begun[1:]
    if 2 * len(set(said) & {word.lower() for word in _WORD.findall(title)}) < len(said):
        return f"{begun}. {text}"
    rest, ending = text[len(clause) :], clause[len(clause.rstrip(",.;:!?\n ")) :]
    return f"{begun}{ending if rest else '.'}{rest}"


def _within(word: str) -> str:
    return word.lower() if word.istitle() and word.isalpha() else word
