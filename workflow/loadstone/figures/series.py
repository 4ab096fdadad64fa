"""Rows that belong together: a total and its parts, tests with one name."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from loadstone.figures.row import LoadTestRow

TOTALS = frozenset(
    {
        "total",
        "totals",
        "aggregated",
        "overall",
        "all",
        "gesamt",
        "summe",
        "insgesamt",
        "toutes",
        "todas",
        "totale",
        "总体",
    }
)


def told_apart(rows: Sequence[LoadTestRow]) -> list[LoadTestRow]:
    """Add the users to labels that several rows have."""
    counts = Counter(row.label for row in rows)
    return [
        replace(row, label=f"{row.label}, {row.users:g} users") if counts[row.label] > 1 and row.users else row
        for row in rows
    ]


def without_parts(rows: list[LoadTestRow]) -> list[LoadTestRow]:
    """Keep only the row that is called a total, if its requests are the sum of all others: they are its parts."""
    totals = [row for row in rows if row.label.strip(" *:").casefold() in TOTALS and row.requests]
    if len(totals) != 1 or len(rows) < 2:
        return rows
    others = sum(row.requests or 0.0 for row in rows if row is not totals[0])
    return totals if abs(others - (totals[0].requests or 0.0)) <= 1 else rows
