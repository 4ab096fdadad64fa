"""Where the verdict's rules draw their lines, and why there.

A resource that is busy 90 % of the time makes most requests queue for it (an M/M/1 queue is then 10 service times
long), and measured utilisation carries a few per cent of error: higher would miss real bottlenecks, lower would accuse
resources that merely work hard.
"""

SATURATED = 0.90
"""Utilisation from which a resource is a candidate for the bottleneck."""

SLACK = 0.75
"""Utilisation below which a resource is surely not it: mean queue at most three, the knee not reached."""

THINK_TIME = 0.90
"""X·(R₀ + Z)/N from which users spend their cycles waiting of their own will, at the server's unloaded pace."""

LINK_FULL = 0.85
"""Share of a link's speed: the rest goes to headers and acknowledgements."""

MOST_STEAL = 0.05
"""Share of CPU time taken by the hypervisor above which a busy server's CPU is not the server's doing."""

MOST_FAILURES = 0.01
"""Share of failed requests whose lower confidence bound ends the matter: what fails fast is not served."""

FAILURE_CONFIDENCE = 0.95

EDGE_REQUESTS = 2.0
"""Requests, times √N, by which a window may miss X·(R + Z) = N and still be sound: each user's first and last cycle are
cut off anywhere, an error of at most one request a user, independent between them. It matters where users make few
requests: one user who waits 1.5 s makes six in nine seconds, or seven."""

SLOWED = 2.0
"""R over R₀ from which something must be queued for, seen or not."""
