"""Numbers as the page writes them."""

import pytest

from loadstone.text import clock, figure, interval, ratio


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0012345, "0.00123"), (1.2345, "1.23"), (12.345, "12.3"), (123.45, "123"), (1234.5, "1,234"),
        (0.0, "0"), (None, "–"), (float("nan"), "–"), (-2.5, "-2.50"), (99.99, "100"),
    ],
)  # fmt: skip
def test_figure(value: float | None, text: str) -> None:
    assert figure(value) == text


def test_ratio_interval_and_clock() -> None:
    assert ratio(0.984) == "0.984×"
    assert interval(32.1, 33.0) == "32.1 – 33.0"
    assert interval(None, None) == ""
    assert clock(61) == "1 min 1 s"
    assert clock(9.6) == "10 s"
