"""Words of a label as they are read: those that belong together as one, in the order of the texts."""

import numpy as np
import numpy.typing as npt

from trainer.clusters.label_vocabulary import UNSPACED_PAIR, TextWords

# Of the rarer one of two words, the share that is beside the other one, for both to be one phrase.
_PHRASE_SHARE = 0.5
# Of a pair of characters, the share that goes on with the same one, for that to belong to the word.
_LONGER_SHARE = 0.9
_LONGEST_UNSPACED = 4
# Fewer times say nothing of what nearly always is.
_FEWEST_TIMES = 3


def complete_word(place: int, words: TextWords) -> str:
    """Returns a word; of a script without spaces a pair of characters with those that nearly always go with it.

    Args:
        place: The word's place in the vocabulary.
        words: Of the texts that are looked at.
    """
    word = words.vocabulary[place]
    if not UNSPACED_PAIR.fullmatch(word):
        return word
    firsts, nexts = words.pairs()
    first = last = place
    while len(word) < _LONGEST_UNSPACED:
        after = _usual_neighbour(nexts[firsts == last], words, last)
        before = _usual_neighbour(firsts[nexts == first], words, first)
        # A pair goes on where the next one begins with its last character.
        if after is not None and words.vocabulary[after][0] == word[-1]:
            word, last = word + words.vocabulary[after][1], after
        elif before is not None and words.vocabulary[before][1] == word[0]:
            word, first = words.vocabulary[before][0] + word, before
        else:
            break
    return word


def join_phrases(chosen: list[int], words: TextWords) -> list[list[int]]:
    """Joins words that mostly follow each other in the texts.

    Args:
        chosen: Places in the vocabulary, the best word first.
        words: Of the texts that are looked at.

    Returns:
        The phrases, each of one word or more; the one with the best word comes first.
    """
    firsts, nexts = words.pairs()
    phrases = [[word] for word in chosen]
    for left in chosen:
        for right in chosen:
            before = next(phrase for phrase in phrases if left in phrase)
            after = next(phrase for phrase in phrases if right in phrase)
            if before is after or before[-1] != left or after[0] != right:
                continue
            together = int(((firsts == left) & (nexts == right)).sum())
            rarer = min(int((words.words == word).sum()) for word in (left, right))
            if together > _PHRASE_SHARE * rarer:
                phrases[min(phrases.index(before), phrases.index(after))] = before + after
                phrases = [phrase for phrase in phrases if phrase is not before and phrase is not after]
    return phrases


def write_phrase(words: list[str]) -> str:
    """Returns the words with spaces; where one ends in the character that the next one begins with, as one word."""
    phrase = words[0]
    for word in words[1:]:
        overlap = UNSPACED_PAIR.fullmatch(phrase[-1] + word[0]) and phrase[-1] == word[0]
        phrase = phrase + word[1:] if overlap else f"{phrase} {word}"
    return phrase


def _usual_neighbour(neighbours: npt.NDArray[np.int64], words: TextWords, place: int) -> int | None:
    """Returns the pair of characters that is beside another one nearly always, if there is one."""
    if not len(neighbours):
        return None
    counts = np.bincount(neighbours)
    usual = int(counts.argmax())
    often = counts[usual] >= max(_LONGER_SHARE * (words.words == place).sum(), _FEWEST_TIMES)
    return usual if often and UNSPACED_PAIR.fullmatch(words.vocabulary[usual]) else None
