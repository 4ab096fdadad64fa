"""Audit one row of load-test figures: which of them belong together, and what limited the rate."""

import math
from dataclasses import dataclass

from loadstone.analyse import audit_figures as figures
from loadstone.analyse.audit_wording import Wording
from loadstone.analyse.rules.soundness import failure_bound
from loadstone.figures.row import LoadTestRow
from loadstone.suite.thresholds import DEFAULTS
from loadstone.suite.verdict import Verdict
from loadstone.theory.closed_run import Account, ramp_that_explains

THINK_TIME_SHARE = 0.90
"""Share of their time that users pause from which pauses limit a row. The unloaded response time, which few tables
state, can only raise the share."""

QUEUEING = 0.25
"""Mean number of requests in progress up to which a response time counts as unloaded: in an M/M/1 queue it is then at
most 1.25 times the demand (R = D/(1 - u), X·R = u/(1 - u))."""

BUSY_SHARE = 0.90
"""X·R/N from which users hardly pause, where their think time is not stated."""

CAPACITY = "a capacity"
"""Limit of a row whose rate does not rise with the users: a table does not show whose capacity it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAudit:
    """What arithmetic shows about one row; None where the row states too little."""

    name: str
    """The row's label, or where it stands and what was varied; in quotation marks."""
    row: LoadTestRow
    rps: float | None
    """The rate that the audit uses: as printed, or as counted if only that fits the users; requests/s."""
    contradictions: list[str]
    """Sentences without a full stop."""
    missing_users: str
    """That contradiction which states that the figures account for fewer users; empty if they do not."""
    cautions: list[str]
    account: Account
    active_users: float | None
    """X·(R + Z)."""
    possible_rps: float | None
    """N/(R + Z); N/Z if no response time is stated."""
    think_share: float | None
    """X·Z/N."""
    implied_response_s: float | None
    """N/X - Z: the mean response time if all users are active."""
    implied_pause_s: float | None
    """N/X - R: the mean think time if all users are active, where none is stated."""
    failed_share: float | None
    goodput_rps: float | None
    bound: str
    """One of the verdicts' words, or `CAPACITY`."""
    noise_rps: float | None
    """Standard deviation of the throughput of the active users, if they are independent; requests/s."""

    @property
    def usable(self) -> bool:
        """Whether the figures can be compared with those of other rows."""
        return self.bound not in (Verdict.ERRORS, Verdict.INVALID) and not self.contradictions and bool(self.rps)

    @property
    def busy_users(self) -> bool:
        """Whether all users were active, as far as the row states it."""
        row = self.row
        if not self.usable or not row.users:
            return False
        if row.think is None:
            return row.mean_s is not None and (self.rps or 0.0) * row.mean_s >= BUSY_SHARE * row.users
        unknown = row.mean_s is None and self.account is Account.UNKNOWN and not self.median_above_users
        return self.account is Account.ALL or unknown

    @property
    def median_above_users(self) -> bool:
        """Whether no mean is stated, and with the median in its place more requests are in progress than users."""
        row = self.row
        if row.mean_s is not None or not row.users or self.rps is None:
            return False
        return self.rps * row.quantiles_s.get(0.5, 0.0) > row.users

    @property
    def pausing(self) -> bool:
        """Whether users spend most of their time on pauses, at the rate and the response time that the row has."""
        return self.account is not Account.IMPOSSIBLE and _pausing(self.row, self.rps)

    @property
    def unloaded(self) -> bool:
        """Whether the response time is that of a server that has nothing else to do, so that it shows the demand."""
        row = self.row
        if not self.usable or not row.mean_s or row.think is None:
            return False
        return row.users == 1 or (self.rps or math.inf) * row.mean_s <= QUEUEING


def audit_row(row: LoadTestRow, name: str | None = None) -> RowAudit:
    """Audit a row by itself."""
    rate, agrees = figures.choose_rate(row)
    words = Wording(row, rate)
    run = figures.closed_run(row, rate)
    account = run.judge() if run else Account.UNKNOWN
    contradictions = [] if agrees else [words.counted(by_count=rate != row.rps)]
    if agrees and rate and row.requests and _outlasts_the_run(row, rate):
        contradictions.append(words.outlasts())
    missing = ""
    if run is not None and account is Account.IMPOSSIBLE:
        contradictions.append(words.impossible(run))
    if run is not None and account is Account.FEWER:
        missing = words.fewer(run, _ramp(row, rate))
        contradictions.append(missing)
    return RowAudit(
        name=f"«{row.label}»" if name is None else name,
        row=row,
        rps=rate,
        contradictions=contradictions,
        missing_users=missing,
        cautions=_cautions(row, words, sound=not contradictions),
        account=account,
        active_users=figures.active_users(row, rate),
        possible_rps=figures.possible_rps(row),
        think_share=rate * row.think.mean / row.users if rate is not None and row.think and row.users else None,
        implied_response_s=figures.implied_response(row, rate, account) if agrees or rate != row.rps else None,
        implied_pause_s=figures.implied_pause(row, rate, account) if agrees else None,
        failed_share=row.failed_share,
        goodput_rps=figures.goodput(row, rate),
        bound=_bound(row, rate, account, sound=not contradictions),
        noise_rps=figures.noise(row, rate),
    )


def _ramp(row: LoadTestRow, rate: float | None) -> float | None:
    """Ramp-up that explains why fewer users were active; None if none does, or if the row states another one."""
    seconds, active = figures.run_seconds(row, rate), figures.active_users(row, rate)
    if not seconds or active is None or not row.users or row.ramp_s is not None:
        return None
    ramp = ramp_that_explains(row.users, active, seconds)
    return None if ramp is None or ramp > (row.duration_s or seconds) else ramp


def _outlasts_the_run(row: LoadTestRow, rate: float) -> bool:
    """Whether a mean response is longer than the whole run."""
    if row.mean_s is None:
        return False
    seconds = max(figures.run_seconds(row, rate) or math.inf, row.duration_s or 0.0)
    return row.mean_s - row.mean_rounding_s > seconds + row.duration_rounding_s


def _fails(row: LoadTestRow) -> bool:
    """Too many requests failed: by the lower 95 % bound of the share where the counts are known."""
    share = row.failed_share
    if share is None:
        return False
    failures = row.failures if row.failures is not None else share * (row.requests or 0.0)
    if row.requests and 0 <= failures <= row.requests:
        return failure_bound(failures, row.requests) > DEFAULTS.most_failures
    return share > DEFAULTS.most_failures


def _bound(row: LoadTestRow, rate: float | None, account: Account, *, sound: bool) -> str:
    if _fails(row):
        return Verdict.ERRORS
    if account is Account.IMPOSSIBLE:
        return Verdict.INVALID
    if account is Account.FEWER:
        return Verdict.UNDETERMINED if _ramp(row, rate) is not None else Verdict.INVALID
    if not sound and account is not Account.ALL:
        return Verdict.INVALID
    return Verdict.THINK_TIME if _pausing(row, rate) else Verdict.UNDETERMINED


def _pausing(row: LoadTestRow, rate: float | None) -> bool:
    if rate is None or row.think is None or not row.users or row.think.mean <= 0:
        return False
    pauses = row.think.mean
    share = pauses / (pauses + row.mean_s) if row.mean_s is not None else rate * pauses / row.users
    return share >= THINK_TIME_SHARE


def _cautions(row: LoadTestRow, words: Wording, *, sound: bool) -> list[str]:
    cautions = []
    if sound and figures.is_short(row):
        cautions.append(words.short(row.duration_s or row.implied_s or 0.0))
    if row.failures and row.failed_share is None:
        cautions.append(words.failures_of_unknown_share())
    if row.think is None and words.mentions_pauses:
        cautions.append(words.unstated_pauses())
    return cautions
