"""Whether an open load asks for more than is carried."""

import math

CARRIED = 0.95
"""Throughput over the arrival rate, below which the load asks for more than is carried."""
BEYOND_CHANCE = 3.0
"""Standard deviations of a Poisson number of arrivals that the missing requests have to exceed."""


def falls_short(asked: float, carried: float, requests: float) -> bool:
    """Whether an open load of `asked` requests/s certainly exceeds what is carried, so that requests pile up.

    `requests` were carried, at `carried` per second. The arrivals of a Poisson process vary by the root of their number
    (variance = mean), so a short window can hold fewer than were asked for without any overload.
    """
    if carried >= CARRIED * asked:
        return False
    if not carried:
        return True
    wanted = asked * requests / carried
    return wanted - requests > BEYOND_CHANCE * math.sqrt(wanted)
