"""Whether the second commit fails more: more of its runs, or a larger share of its requests.

Both are tested exactly, one-sided, with the run as the unit: Fisher's test on the runs that broke or had too many
failures, and Mood's median test on the runs' shares of failed requests. Neither assumes a distribution, and a burst of
failures within one run counts once. What points to more failures with B without being shown by either leaves the
experiment untold: it is never *no change*.
"""

from collections.abc import Sequence
from statistics import fmean

from loadstone.results.ab import AbFailures, AbFinding, AbRun
from loadstone.suite.verdict import Verdict
from loadstone.text import named, p_value, percent, several
from loadstone.theory.counts import chance_of_more, count_above_median


def judge_failures(runs: Sequence[AbRun], confidence: float) -> AbFailures:
    """Compare how much fails with A and with B; each test may be wrong with a probability of 1 - `confidence`."""
    sides = [[run for run in runs if run.side == side] for side in ("A", "B")]
    shares = [[run.failures / run.requests for run in side if _counts_requests(run)] for side in sides]
    finding, reason = None, ""
    for test in (_test_runs, _test_requests):
        found, why = test(sides, shares, 1 - confidence)
        if found is not None and (finding is None or found == AbFinding.FAILS_MORE != finding):
            finding, reason = found, why
    return AbFailures(
        runs=(_count_failed(sides[0]), _count_failed(sides[1])),
        shares=(_mean(shares[0]), _mean(shares[1])),
        finding=finding,
        reason=reason,
    )


def _counts_requests(run: AbRun) -> bool:
    """Whether a run's share of failed requests can be used: that of a run with too many failures can."""
    return run.requests > 0 and run.verdict not in (None, Verdict.INVALID)


def _has_failed(run: AbRun) -> bool:
    return run.verdict in (None, Verdict.ERRORS)


def _count_failed(runs: Sequence[AbRun]) -> int:
    return sum(map(_has_failed, runs))


def _mean(shares: Sequence[float]) -> float | None:
    return fmean(shares) if shares else None


def _test_runs(
    sides: Sequence[Sequence[AbRun]], _: Sequence[Sequence[float]], most_p: float
) -> tuple[AbFinding | None, str]:
    a, b = sides
    p = chance_of_more(_count_failed(b), len(b), _count_failed(a), len(a))
    if p <= most_p:
        return AbFinding.FAILS_MORE, (
            f"{_count_failed(b)} of {several(len(b), 'run')} of B broke or had too many failures, "
            f"and {_count_failed(a)} of {len(a)} of A (Fisher's exact test, {p_value(p)})"
        )
    for kind, has in (("failed", _has_failed), ("cannot be used", lambda run: run.left_out is not None)):
        counts = [sum(map(has, side)) for side in sides]
        if counts[1] > counts[0]:
            verdicts = sorted({str(run.verdict or "broken") for run in b if has(run)})
            return AbFinding.CANNOT_TELL, (
                f"{counts[1]} of {several(len(b), 'run')} of B {kind} ({named(verdicts)}), and {counts[0]} of {len(a)} "
                "of A: too few to show that B fails more; look for the cause, or measure more pairs"
            )
    return None, ""


def _test_requests(
    sides: Sequence[Sequence[AbRun]], shares: Sequence[Sequence[float]], most_p: float
) -> tuple[AbFinding | None, str]:
    a, b = shares
    if not a or not b or fmean(b) <= fmean(a):
        return None, ""
    figures = f"{percent(fmean(b))} of the requests fail with B, and {percent(fmean(a))} with A"
    above_b, above_a = count_above_median(b, a)
    p = chance_of_more(above_b, len(b), above_a, len(a))
    if p <= most_p:
        return AbFinding.FAILS_MORE, (
            f"{figures}; of all runs' shares, those above the median are {above_b} of B and {above_a} of A "
            f"(median test, {p_value(p)})"
        )
    (failed_a, of_a), (failed_b, of_b) = (_add_up(side) for side in sides)
    if chance_of_more(failed_b, of_b, failed_a, of_a) <= most_p:
        return AbFinding.CANNOT_TELL, (
            f"{figures}, but not in enough runs to show that B fails more; look for the cause, or measure more pairs"
        )
    return None, ""


def _add_up(runs: Sequence[AbRun]) -> tuple[int, int]:
    """Add up the failed requests, and all requests, of the runs whose shares can be used."""
    usable = [run for run in runs if _counts_requests(run)]
    return sum(run.failures for run in usable), sum(run.requests for run in usable)
