"""How evenly a run's users were served: what each of them got in a window."""

import math
from typing import Any

import numpy as np
from scipy import special

from loadstone.results.requests import in_window
from loadstone.suite.load_settings import Load
from loadstone.summarise.user_cycle import UNKNOWN
from loadstone.theory.quantiles import Floats, Ints

MIN_MEAN_REQUESTS = 5
"""Requests per user, on average, below which chance alone makes users' numbers of requests uneven."""
FEWEST = 0.1
"""Quantile of the numbers of requests of users who had any that stands for nearly all of them."""
MIN_REQUESTS = 4
"""Requests of a user below which the user's mean response time is not judged."""
MIN_USERS = 4
"""Users with that many requests below which there is no median user to compare with."""
SLOW_RATIO = 2.0
"""Mean response time over that of the median user, above which a user is slow."""
SIGNIFICANT = 0.001
"""Probability by chance that any user of a run counts as slow."""
FEW_OF_ALL = 0.5
"""Share of the users above which slow ones are no exception."""


class Fairness:
    """Adds up the requests of each user in one window, given in unix seconds."""

    def __init__(self, window: tuple[float, float]) -> None:
        self._window = window
        self._sums = np.zeros((3, 0))

    def add(self, user: Ints, sent: Floats, ended: Floats) -> None:
        """Add a batch; `user` is `UNKNOWN` where it is unknown."""
        inside = in_window(ended, self._window) & (user != UNKNOWN)
        who, response = user[inside], (ended - sent)[inside]
        length = max(self._sums.shape[1], int(who.max(initial=-1)) + 1)
        added = [np.bincount(who, weights, minlength=length) for weights in (None, response, response**2)]
        self._sums = np.pad(self._sums, ((0, 0), (0, length - self._sums.shape[1]))) + added

    def signals(self, load: Load, users: int | None, *, known: bool) -> dict[str, Any]:
        """Return the signals of `FairnessSignals`.

        A user without a request need not be one that is not served: users of an open load are idle at times, and others
        may wait longer than the window. So users are counted in a closed load only, if nearly all that had a request
        had several.

        `users` is the number of users that ran all the time, None if it changed; `known` says whether each request's
        user is known, and sends one request at a time.
        """
        if not known:
            return {}
        count = self._sums[0]
        of_served = count[count > 0]
        served = len(of_served)
        signals: dict[str, Any] = {}
        if load.arrivals is None and served and np.quantile(of_served, FEWEST) >= MIN_MEAN_REQUESTS:
            signals["users_served"] = served
        if users is None or not _ask_alike(load):
            return signals
        users = max(users, served)
        if load.arrivals is None and count.sum() >= MIN_MEAN_REQUESTS * users:
            signals["fairness"] = float(min(1.0, count.sum() ** 2 / (users * (count**2).sum())))
        return signals | self._slow_signals()

    def _slow_signals(self) -> dict[str, Any]:
        """Find the users whose mean is certainly more than `SLOW_RATIO` times that of the median user.

        Student's t of each user's own response times, one-sided, at `SIGNIFICANT` over the number of users
        (Bonferroni). A few very long responses don't make a user slow: they raise the spread as much as the mean.
        """
        count, total, squares = self._sums[:, self._sums[0] >= MIN_REQUESTS]
        if len(count) < MIN_USERS:
            return {}
        mean = total / count
        variance = np.maximum(squares - total * mean, 0.0) / (count - 1)
        quantile = special.stdtrit(count - 1, 1 - SIGNIFICANT / len(count))
        slow = mean - quantile * np.sqrt(variance / count) > SLOW_RATIO * np.median(mean)
        number = int(slow.sum())
        if not number or number > FEW_OF_ALL * len(count):
            return {"slow_users": 0}
        ratio = float(total[slow].sum() / count[slow].sum() / (total[~slow].sum() / count[~slow].sum()))
        return {"slow_users": number, "slow_ratio": ratio if math.isfinite(ratio) else None}


def _ask_alike(load: Load) -> bool:
    """Whether all users send the same requests with the same waits, apart from chance."""
    return load.imported is None and (load.locustfile is None or len(load.classes or ()) == 1)
