"""The library example at the head of the package runs, and prints what it shows."""

import doctest

from loadstone import theory


def test_example_runs() -> None:
    outcome = doctest.testmod(theory)
    assert outcome.attempted == 5
    assert outcome.failed == 0
