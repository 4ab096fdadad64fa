"""How numbers are written on the page: three significant digits, thousands apart, one place for all."""

import math


def figure(value: float | None) -> str:
    """Write a number with three significant digits: 0.00123, 1.23, 12.3, 123, 1,234."""
    if value is None or math.isnan(value):
        return "–"
    if value == 0:
        return "0"
    rounded = float(f"{value:.3g}") if abs(value) < 1000 else value  # 99.99 has its digits before the point, as 100
    digits = 2 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(0, digits)}f}"


def ratio(value: float | None) -> str:
    """Write a ratio: 0.98×."""
    return "–" if value is None or math.isnan(value) else f"{figure(value)}×"


def interval(low: float | None, high: float | None) -> str:
    """Write an interval: 32.1 – 33.0; nothing where there is none."""
    return "" if low is None or high is None else f"{figure(low)} – {figure(high)}"


def clock(seconds: float) -> str:
    """Write a length of time: 12 min 3 s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
