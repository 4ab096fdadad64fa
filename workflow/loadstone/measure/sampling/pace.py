"""How often something costly is sampled, so that it stays cheap on average."""

import contextlib
import math
import time
from collections import deque
from collections.abc import Iterator
from statistics import median

BUDGET_S = 0.0035
"""CPU seconds per sample, on average: 1.4 % of a CPU at 4 Hz. What takes longer is done at every 2nd, 3rd … sample."""
COSTS = 5
"""Readings whose median is the cost of one: a single one can take long by chance."""
MAX_EVERY = 32
"""The most samples from one time to the next."""


class Pace:
    """Decides at which samples a reading is due, by what the last ones cost."""

    def __init__(self) -> None:
        self.least = 1
        """The fewest samples from one time to the next."""
        self._every = 1
        self._costs: deque[float] = deque(maxlen=COSTS)
        self._since = MAX_EVERY

    def is_due(self) -> bool:
        """Whether the reading is due at this sample. To be called once per sample."""
        self._since += 1
        return self._since >= self._every

    @contextlib.contextmanager
    def spending(self) -> Iterator[None]:
        """Take the CPU time of the block as the cost of the reading."""
        began = time.thread_time()
        try:
            yield
        finally:
            self.note(time.thread_time() - began)

    def note(self, cost_s: float) -> None:
        """Take these CPU seconds as the cost of the reading that was made at this sample."""
        self._costs.append(cost_s)
        self._since, self._every = 0, max(self.least, min(MAX_EVERY, math.ceil(median(self._costs) / BUDGET_S)))
