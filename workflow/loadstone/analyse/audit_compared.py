"""What a comparison of a table's rows can show: of users who pause, of single runs, of what was varied."""

import itertools
import math
import re
from collections.abc import Iterator, Sequence

from scipy import stats

from loadstone.analyse.audit_figures import is_short, pause_class
from loadstone.analyse.audit_row import RowAudit
from loadstone.analyse.audit_wording import pause_text, stated, users_text
from loadstone.suite.verdict import Verdict
from loadstone.text import figure, named, percent

CONFIDENCE = 0.95

REPEAT = re.compile(r"[\s,;:(-]*\b(run|repeat|repetition|trial|iteration|round|attempt)\s*#?\d+\)?", re.IGNORECASE)
"""The part of a label that counts repeats."""

GENERATOR_FACTORS = frozenset({"locust_workers", "load_workers", "generator_workers", "user_class", "user", "client"})


def pause_bound_findings(rows: Sequence[RowAudit]) -> Iterator[str]:
    """Name the rows whose rate is what that number of pausing users can send to any fast server."""
    bound = [row for row in rows if row.bound == Verdict.THINK_TIME]
    for users, members in _grouped(bound):
        names = named([row.name for row in members], 6)
        possible = figure(max(row.possible_rps or 0.0 for row in members))
        rates = sorted(row.rps or 0.0 for row in members)
        low, high = figure(rates[0]), figure(rates[-1])
        measured = low if low == high else f"{low} to {high}"
        yield (
            f"Limited by users' pauses, not by the server: {names}. With any server of that speed, {users_text(users)} "
            f"with {pause_text(members[0].row)} can send {possible} requests/s, N/(R + Z). The rate here is {measured}."
        )


def compare_rows(rows: Sequence[RowAudit]) -> Iterator[str]:
    """State which differences between rows show something, and which do not."""
    yield from _different_pauses(rows)
    yield from _pause_noise(rows)
    yield from _single_runs(rows)
    yield from _generator_only(rows)


def _grouped(rows: Sequence[RowAudit]) -> Iterator[tuple[float, list[RowAudit]]]:
    """Group rows by users and pauses; 0 users where none are stated."""

    def key(row: RowAudit) -> tuple[float, tuple[float, float]]:
        return row.row.users or 0.0, pause_class(row.row) or (-1.0, -1.0)

    for (users, _), group in itertools.groupby(sorted(rows, key=key), key=key):
        yield users, list(group)


def _different_pauses(rows: Sequence[RowAudit]) -> Iterator[str]:
    kinds = {pause_class(row.row): row for row in rows if row.row.think is not None and row.rps}
    if len(kinds) > 1:
        texts = sorted({pause_text(row.row) for row in kinds.values()})
        yield f"Users pause differently from row to row ({named(texts)}): rates of such rows cannot be compared."


def _pause_noise(rows: Sequence[RowAudit]) -> Iterator[str]:
    """Compare the spread of rows with the same users and pauses with the spread expected by chance.

    For k rows the latter is the 95 % quantile of the range of k normal variables (Tukey's studentised range).
    """
    usable = [row for row in rows if row.bound == Verdict.THINK_TIME and row.noise_rps is not None and row.rps]
    for users, members in _grouped(usable):
        if len(members) < 2:
            continue
        values = [row.rps or 0.0 for row in members]
        spread = max(values) - min(values)
        rounding = max(row.row.rps_rounding for row in members)
        deviation = max(row.noise_rps or 0.0 for row in members)
        floor = deviation * float(stats.studentized_range.ppf(CONFIDENCE, len(members), math.inf))
        rounded = f" (each rounded by up to {stated(rounding)})" if rounding else ""
        if spread - 2 * rounding <= floor:
            this = "this is" if spread <= floor else "less the rounding, this is"
            rest = (
                f"{this} within the noise floor. Pauses make such rows alike whatever the server, so it shows nothing "
                "about the servers."
            )
        else:
            rest = "this is beyond the noise floor."
        yield (
            f"The {len(members)} rows of {users_text(users)} differ by {figure(spread)} requests/s{rounded}. Random "
            f"pauses alone make such rows differ by up to {figure(floor)} in 95 % of cases: {rest}"
        )


def _single_runs(rows: Sequence[RowAudit]) -> Iterator[str]:
    """Rows that were run once each cannot be compared: how far repeats differ is not known."""
    usable = [row for row in rows if row.usable and row.bound != Verdict.THINK_TIME and not is_short(row.row)]
    for users, members in _grouped(usable):
        setups = {(REPEAT.sub("", row.row.label), tuple(sorted(row.row.factors.items()))) for row in members}
        if len(members) < 2 or len(setups) < len(members):
            continue
        first, second = sorted(members, key=lambda row: row.rps or 0.0, reverse=True)[:2]
        gap = percent(1 - (second.rps or 0.0) / (first.rps or 1.0))
        of = f" with {users_text(users)}" if users else ""
        yield (
            f"{len(members)} rows{of} are single runs, and how far repeats differ on that machine is not stated. So a "
            f"difference between them proves nothing by itself, such as the {gap} between the two highest rates "
            f"({first.name} and {second.name}): repeat each row at least four times, in turns."
        )


def _generator_only(rows: Sequence[RowAudit]) -> Iterator[str]:
    """State which party's scaling the table can show: only that of the party that was varied."""
    names = {name for row in rows for name in row.row.factors}
    varied = sorted(n for n in names if len({row.row.factors.get(n) for row in rows}) > 1)
    if varied and set(varied) <= GENERATOR_FACTORS:
        yield (
            f"Apart from users, only settings of the load generator were varied ({', '.join(varied)}): this table "
            "cannot show a scaling law of the server."
        )
