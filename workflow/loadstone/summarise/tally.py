"""Count texts of which there may be any number, such as kinds of failure and names of endpoints, in bounded memory."""

from collections import Counter
from collections.abc import Iterable, Mapping

MAX_TEXTS = 4096
"""Texts that are counted one by one for longer than a batch of requests."""


class Tally:
    """Counts texts. Above `MAX_TEXTS`, only the most frequent half is kept: the others are counted together.

    All counts are exact up to that number of texts. Beyond it the sum stays exact, and a text's own count leaves out
    what was counted before it was kept: it is a lower bound.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._others = 0

    def add(self, counts: Mapping[str, int], others: int = 0) -> None:
        """Add numbers by text, and a number of texts that are not kept."""
        for text, count in counts.items():
            self._counts[text] += count
        self._others += others
        if len(self._counts) > MAX_TEXTS:
            before = self._counts.total()
            self._counts = Counter(dict(self._ranked()[: MAX_TEXTS // 2]))
            self._others += before - self._counts.total()

    def add_texts(self, texts: Iterable[str]) -> None:
        """Add one of each text."""
        self.add(Counter(texts))

    def add_tally(self, other: "Tally") -> None:
        """Add what another one counted."""
        self.add(other._counts, other._others)

    @property
    def total(self) -> int:
        """How many were counted."""
        return self._counts.total() + self._others

    def most_common(self, most: int) -> dict[str, int]:
        """Return the most frequent texts with their counts; of equally frequent ones, those counted first."""
        return dict(self._counts.most_common(most))

    def first_by_rank(self, most: int) -> list[str]:
        """Name the most frequent texts; of equally frequent ones, the first by name."""
        return [text for text, _ in self._ranked()[:most]]

    def _ranked(self) -> list[tuple[str, int]]:
        return sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
