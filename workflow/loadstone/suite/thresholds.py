"""Where the rules draw their lines, and why there. A suite can draw them elsewhere: `thresholds: {saturated: 0.95}`.

A resource that is busy 90 % of the time makes most requests queue for it (an M/M/1 queue is then 10 service times
long), and measured utilisation carries a few per cent of error: a higher limit would miss real bottlenecks, a
lower one would name resources that are merely busy.
"""

from typing import Annotated

from pydantic import Field

from loadstone.suite.types import Model

Share = Annotated[float, Field(gt=0, le=1)]


class Thresholds(Model):
    """Limits in the rules of the verdict, and in the assessment of repeats."""

    saturated: Share = 0.90
    """Utilisation from which a resource is a candidate for the bottleneck."""
    slack: Share = 0.75
    """Utilisation below which a resource is surely not it: mean queue at most three, the knee not reached."""
    think_time: Share = 0.90
    """X·(R₀ + Z)/N from which users' pauses limit throughput: users spend their cycles thinking, at the server's
    unloaded pace."""
    link_full: Share = 0.85
    """Share of a link's speed: the rest goes to headers and acknowledgements."""
    most_steal: Share = 0.05
    """Share of CPU time taken by the hypervisor above which a busy CPU is not attributed to the server."""
    most_failures: Share = 0.01
    """Share of failed requests above which the verdict is *too many failures*, judged by its lower confidence bound:
    a request that fails fast is not served."""
    slowed: float = Field(default=2.0, gt=1)
    """R over R₀ from which requests must queue for something, observed or not."""
    edge_requests: float = Field(default=2.0, ge=0)
    """Requests, times √N, by which a window may miss X·(R + Z) = N and still be sound: each user's first and last cycle
    are cut off anywhere, an error of at most one request per user, independent between users. It matters where users
    make few requests: one user who waits 1.5 s makes six in nine seconds, or seven. Users who all wait the same time
    may be in step: then one request per user is allowed, if that is more."""
    agreement: Share = 0.80
    """Share of an experiment's runs that have to have one verdict for the experiment to have it."""
    most_elasticity_at_capacity: float = Field(default=0.20, ge=0, le=1)
    """d ln X / d ln N from N to 2N users up to which a capacity is reached; the same for slots added."""
    least_elasticity_of_think_time: float = Field(default=0.90, ge=0, le=1)
    """d ln X / d ln N between N and 2N users from which users' pauses limit throughput: twice the users, twice the
    rate."""
    most_variation: Share = 0.05
    """Coefficient of variation between repeats above which they disagree."""
    notable_steal: Share = 0.02
    """Share of CPU time taken by the hypervisor that is reported: below it, the other noise of a machine is larger."""
    notable_growth: Share = 0.02
    """Growth of the album count inside a window above which the run is marked as growing."""


DEFAULTS = Thresholds()
