"""What an audit states of one row, in words; sentences have no full stop, so that a label can stand before them."""

import re
from collections import Counter
from collections.abc import Sequence

from loadstone.figures.row import LoadTestRow
from loadstone.text import count, figure, lasting
from loadstone.theory.closed_run import ClosedRun

PAUSES = re.compile(r"\b(paus|think|delay|sleep)\w*", re.IGNORECASE)
"""Words of a label that speak of users' pauses."""

NO_LABEL = re.compile(r"(line|row) \d+")
"""Labels of rows that have none."""

FAR_APART = 5.0
"""Ratio of two rates from which it is stated: a slip of the decimal point or of the unit."""


def stated(value: float) -> str:
    """Write a figure as a table states it, with six digits at most: 32.7, 1,203.96, 0.005."""
    return f"{value:,.6g}" if 1e-4 <= abs(value) < 1e6 else figure(value)


def users_text(number: float) -> str:
    """Write a number of users: 1 user, 50 users, 9.53 users."""
    text = count(number) if number == round(number) else figure(number)
    return "1 user" if text == "1" else f"{text} users"


def active_text(number: float) -> str:
    """Write how many users were active on average: one user, 6.72 users, 48 users."""
    if number < 0.85:
        return "less than one user"
    return "one user" if round(number, 1) in (0.9, 1.0, 1.1) else users_text(round(number) if number >= 10 else number)


def pause_text(row: LoadTestRow) -> str:
    """Write the pauses of a row's users: no pauses, pauses of 1.5 s, pauses from 1 to 2 s."""
    if row.think is None or row.think.mean == 0:
        return "no pauses"
    low, high = f"{row.think.low:,.4g}", f"{row.think.high:,.4g}"
    return f"pauses of {low} s" if low == high else f"pauses from {low} to {high} s"


def name_rows(rows: Sequence[LoadTestRow]) -> list[str]:
    """Name rows in quotation marks: by their labels; where these do not tell them apart, by what was varied, too."""
    factors = {name for row in rows for name in row.factors}
    varied = [name for name in sorted(factors) if len({row.factors.get(name) for row in rows}) > 1]
    labels = Counter(row.label for row in rows)
    names = []
    for row in rows:
        own = ", ".join(f"{name} {row.factors[name]}" for name in varied if row.factors.get(name))
        alone = labels[row.label] == 1 and not NO_LABEL.fullmatch(row.label)
        names.append(row.label if alone or not own else f"{row.label}: {own}")
    return [f"«{name}»" for name in names]


class Wording:
    """The sentences about a row, with the rate that the audit uses."""

    def __init__(self, row: LoadTestRow, rate: float | None) -> None:
        self.row, self.rate = row, rate

    def counted(self, *, by_count: bool) -> str:
        """Requests, duration and rate do not belong together; `by_count`: the counted rate is used."""
        row = self.row
        assert row.requests is not None  # noqa: S101 - the three were compared
        assert row.duration_s  # noqa: S101 - as above
        assert row.rps is not None  # noqa: S101 - as above
        counted = row.requests / row.duration_s
        text = f"{count(row.requests)} requests in {stated(row.duration_s)} s are {figure(counted)} requests/s, "
        text += f"not {stated(row.rps)}"
        if counted and row.rps >= FAR_APART * counted:
            text += f", which is {figure(row.rps / counted)} times as much"
        elif row.rps and counted >= FAR_APART * row.rps:
            text += f", which is {figure(counted / row.rps)} times too low"
        if row.implied_s is not None:
            text += f"; at {stated(row.rps)} they take {lasting(row.implied_s)}"
        return text + ("; only the counted rate fits the users, and it is used here" if by_count else "")

    def outlasts(self) -> str:
        """State that one response is longer than the whole run."""
        row = self.row
        seconds = row.implied_s if row.implied_s is not None else row.duration_s
        return (
            f"{count(row.requests or 0)} requests at {figure(self.rate)} requests/s last {lasting(seconds)}, and a "
            f"single response {lasting(row.mean_s)} on average: impossible"
        )

    def impossible(self, run: ClosedRun) -> str:
        """State that so many users cannot send that rate, or wait for so many responses."""
        row, accounted = self.row, run.accounted.low
        stated = users_text(run.users)
        if row.think is not None and row.think.mean * run.throughput.low > run.users:
            most = run.users / row.think.mean
            return (
                f"{stated} with {pause_text(row)} can send at most {figure(most)} requests/s, N/Z, and "
                f"{figure(self.rate)} are stated: impossible, unless users send "
                f"{figure((self.rate or 0) / most)} requests between two pauses"
            )
        if row.mean_s is not None:
            of = "X·R is" if row.think is None or row.think.mean == 0 else "X·(R + Z) is"
            number = figure((self.rate or 0) * (row.mean_s + (row.think.mean if row.think else 0.0)))
        else:
            of, number = "by the quantiles of the response time, X·R is at least", figure(accounted)
        pauses = row.think is not None and row.think.mean > 0
        return (
            f"{of} {number} users, and {stated} {'is' if run.users == 1 else 'are'} stated: impossible, rate and "
            "response time do not describe the same requests, or the tool corrected the response times for coordinated "
            f"omission{', or users send several requests between two pauses' if pauses else ''}"
        )

    def fewer(self, run: ClosedRun, ramp_s: float | None) -> str:
        """State that the figures account for fewer users; `ramp_s` is a ramp-up that would explain it."""
        row = self.row
        if row.users is None or row.think is None or not self.rate or row.mean_s is None:
            most = f"X·(R + Z) accounts for {figure(run.accounted.high)}"
            return (
                f"{users_text(run.users)} stated, and with the longest response times that the quantiles allow, {most}"
            )
        active, cycle = self.rate * (row.mean_s + row.think.mean), row.users / self.rate
        response, pause = lasting(max(0.0, cycle - row.think.mean)), lasting(max(0.0, cycle - row.mean_s))
        text = f"{users_text(row.users)} stated, and X·(R + Z) accounts for {figure(active)}. With all of them active, "
        text += f"the mean response is {response} (N/X - Z), not {lasting(row.mean_s)}, "
        text += f"or the mean pause {pause} (N/X - R), not {stated(row.think.mean)} s"
        if ramp_s is not None:
            return f"{text}. A ramp-up of {lasting(ramp_s)}, or slow requests cut off at the end, would explain it"
        rest = "or requests that never ended are missing from the mean"
        return f"{text}. Otherwise the rate is that of {active_text(active)}, {rest}"

    def short(self, seconds: float) -> str:
        """State that a run is too short to measure a rate."""
        return f"{lasting(seconds)} is too short: start-up and chance decide such a rate, so measure a minute at least"

    def failures_of_unknown_share(self) -> str:
        """State that requests failed, and that it is not known out of how many."""
        return (
            f"{count(self.row.failures or 0)} requests failed, and no number of requests is stated: find out the share"
        )

    @property
    def mentions_pauses(self) -> bool:
        """Whether the label or a factor speaks of users' pauses."""
        return any(PAUSES.search(text) for text in (self.row.label, *self.row.factors.values()))

    def unstated_pauses(self) -> str:
        """State that the label speaks of pauses that no column has."""
        return (
            "the label speaks of pauses, and no column states them: add a column think_s with the seconds of each row, "
            "for rates of users with different pauses cannot be compared"
        )
