"""What the guess is unsure of: asked on a terminal, else noted beside the best guess."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class Asker(Protocol):
    """Settles what the files do not tell."""

    def choose(self, question: str, choices: Sequence[str]) -> int:
        """Returns the place of a choice.

        Args:
            question: What is to be settled, as a sentence.
            choices: What may be meant, the likeliest first.
        """

    def note(self, remark: str) -> None:
        """Takes what the shop should look at, which no choice settles."""


@dataclass
class _Remembering(ABC):
    """Asks each question once, and keeps what is unsure.

    Attributes:
        unsure: What a person should look at.
    """

    unsure: list[str] = field(default_factory=list)
    _answers: dict[str, str] = field(default_factory=dict)

    def choose(self, question: str, choices: Sequence[str]) -> int:
        known = self._answers.get(question)
        if known not in choices:
            known = choices[self._settle(question, choices)]
            self._answers[question] = known
        return choices.index(known)

    def note(self, remark: str) -> None:
        if remark not in self.unsure:
            self.unsure.append(remark)

    @abstractmethod
    def _settle(self, question: str, choices: Sequence[str]) -> int:
        """Returns the place of the choice for a question that was not asked before."""


@dataclass
class BestGuess(_Remembering):
    """Takes the likeliest choice, and notes it as unsure."""

    def _settle(self, question: str, choices: Sequence[str]) -> int:
        self.note(f"{question} Taken: {choices[0]}. Or: {'; '.join(choices[1:])}.")
        return 0


@dataclass(kw_only=True)
class AtTerminal(_Remembering):
    """Asks a person.

    Attributes:
        show: Prints a line.
        read: Reads the answer to a prompt.
        asked: How many questions were asked.
    """

    show: Callable[[str], None]
    read: Callable[[str], str]
    asked: int = 0

    def _settle(self, question: str, choices: Sequence[str]) -> int:
        self.asked += 1
        self.show(question)
        for number, choice in enumerate(choices, 1):
            self.show(f"  {number}  {choice}")
        while True:
            answer = self.read(f"1 to {len(choices)}, or Enter for 1: ").strip()
            if not answer:
                return 0
            if answer.isdecimal() and 1 <= int(answer) <= len(choices):
                return int(answer) - 1
            self.show(f"expected a number from 1 to {len(choices)}, got {answer!r}")


def is_terminal() -> bool:
    """Says whether a person sits at both ends: what is printed is seen, and what is typed is read."""
    return sys.stdin.isatty() and sys.stdout.isatty()
