"""Shares that come out above 1: what each of them then shows, since nothing uses more of a resource than there is."""

WHOLE = 1.005
"""Value from which a share is written with two decimals as more than 1."""

WHY = {
    "u_think": "R₀, from a short run of its own, is too long, or the window is short for so few requests",
    "u_server": "the samples of CPU time are off by as much, or a worker used more than one CPU at a time",
    "u_slot": "requests also wait inside the server, or the server has more slots than were counted",
    "u_gen": "the samples of CPU time are off by as much, or the worker used more than one CPU at a time",
    "u_host": "the samples of CPU time are off by as much",
    "X/ceiling": "the generator sent more than in the run that measured its ceiling, so that ceiling is too low",
    "u_link": "the link carried more than its speed as configured, so that speed is too low",
}
"""Share of a whole → what explains a value above 1."""


def why_above_one(signal: str, value: float) -> str:
    """Explain a share above 1; empty for a value up to 1, and for a figure that is no share."""
    return WHY.get(signal, "") if value >= WHOLE else ""
