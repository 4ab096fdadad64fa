"""What finished runs came to so far: throughput, response times, failures, and what limited each experiment.

The workflow summarises runs when nothing is left to measure. Until then, the live view summarises each finished run by
itself, with the same code, in the moments in which no load runs. What follows from comparing experiments (baselines
that are yet to come, sweeps, probes) is known only at the end: then the results themselves are read.

The modules that this takes are imported when a first run has finished: `loadstone run` and an idle view do without.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loadstone.errors import LoadstoneError
from loadstone.live.plan_items import PlanItem
from loadstone.plan.baselines import is_baseline
from loadstone.plan.schedule import Plan

if TYPE_CHECKING:
    from loadstone.results.signals import Signals
    from loadstone.results.verdicts import CampaignVerdicts, ExperimentVerdict

MAX_AT_ONCE = 2
"""Runs that are summarised per look at the results, so that a view answers within its second."""
MAX_BYTES = 12_000_000
"""Size of a run's requests above which it is not summarised before the workflow does so: half a million requests."""
RunKey = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultSoFar:
    """An experiment of which a run has finished. Figures are means over its runs so far, None where unknown."""

    name: str
    runs: int
    """Runs that the figures take in."""
    rps: float | None
    p50_ms: float | None
    p95_ms: float | None
    failed: float | None
    """Share of the requests that failed."""
    limit: str
    """What limited it, in the words of the verdicts."""
    phrase: str
    """The same as the end of a sentence: limited by users' pauses."""
    sound: bool
    """Whether its figures can be used."""
    stored: float
    """When its last run was stored; unix seconds."""


@dataclass(frozen=True, slots=True)
class _RunFigures:
    """The figures of one run; `stored` is when its result was written."""

    stored: float
    signals: "Signals"
    figures: Mapping[str, float | None]
    """Throughput and percentiles, by their columns in `endpoints.csv`."""
    failures: float
    requests: float


class ResultsSoFar:
    """Reads and remembers what the runs in a folder came to."""

    def __init__(self, results: Path) -> None:
        """`results` is the folder of the campaign's results."""
        self._results = results
        self._runs: dict[RunKey, _RunFigures] = {}
        self._unreadable: dict[RunKey, float] = {}
        self._shown: tuple[object, tuple[ResultSoFar, ...]] = ((), ())

    def update(self, plan: Plan, items: Sequence[PlanItem], *, quiet: bool) -> tuple[ResultSoFar, ...]:
        """List the results of the runs that are done, in the page's order.

        Runs without a summary are summarised here only if it is `quiet`, and then a few at a time.
        """
        finished = [item for item in items if item.kind != "search" and item.state == "done"]
        done = {(item.name, item.repeat): item.stored for item in finished}
        self._runs = {run: kept for run, kept in self._runs.items() if done.get(run) == kept.stored}
        room = MAX_AT_ONCE if quiet else 0
        for run in self._in_order_of_use(done):
            room -= self._read(run, done[run], may_summarise=room > 0)
        key = (id(plan), frozenset((run, kept.stored) for run, kept in self._runs.items()), self._analysed(done))
        if key != self._shown[0]:
            self._shown = key, self._judge(plan, is_final=key[2] > 0)
        return self._shown[1]

    def _in_order_of_use(self, done: Mapping[RunKey, float]) -> list[RunKey]:
        """List the runs that are not known yet: baselines, then experiments without any result, then the newest."""
        known = {name for name, _ in self._runs}
        left = [run for run, stored in done.items() if run not in self._runs and self._unreadable.get(run) != stored]
        return sorted(left, key=lambda run: (not is_baseline(run[0]), run[0] in known, -done[run]))

    def _read(self, run: RunKey, stored: float, *, may_summarise: bool) -> int:
        """Read the summary of a run, or make one; return how many were made."""
        from loadstone.live.run_figures import read_figures, summarise_figures

        made = 0
        place = Path(run[0]) / str(run[1])
        try:
            found = read_figures(self._results / "summaries" / place, stored)
            if found is None and may_summarise:
                made = 1
                found = summarise_figures(self._results / "runs" / place, MAX_BYTES)
                if found is None:
                    self._unreadable[run] = stored
        except (LoadstoneError, OSError, ValueError):
            self._unreadable[run] = stored  # the workflow reports what is wrong with it
            return made
        if found is not None:
            signals, figures, failures, requests = found
            self._runs[run] = _RunFigures(stored, signals, figures, failures, requests)
        return made

    def _analysed(self, done: Mapping[RunKey, float]) -> float:
        """Return when all these runs were analysed; 0 if that is still to come."""
        try:
            when = (self._results / "verdicts.json").stat().st_mtime
        except OSError:
            return 0.0
        return when if done and when >= max(done.values()) else 0.0

    def _judge(self, plan: Plan, *, is_final: bool) -> tuple[ResultSoFar, ...]:
        if not self._runs:
            return ()
        from loadstone.analyse.agreement import agree_by_experiment
        from loadstone.analyse.experiment_rows import in_page_order
        from loadstone.analyse.plateaus import judge_run
        from loadstone.analyse.verdicts import against_baselines

        limits = plan.suite.thresholds
        planned = {run: kept.signals for run, kept in self._runs.items() if run[0] in plan.experiments}
        signals = against_baselines(plan, planned)
        judged = {run: judge_run(run, measured, limits) for run, measured in signals.items()}
        agreed = agree_by_experiment(judged, {run: s.throughput for run, s in signals.items()}, limits)
        counting = {run: each.verdict.is_sound for run, each in judged.items()}
        if is_final and (final := self._read_verdicts()) is not None:
            agreed = {**agreed, **final.experiments}
            counting = {run: run in final.counting for run in judged}
        return tuple(
            self._result(name, [run for run in judged if run[0] == name], counting, agreed[name])
            for name in in_page_order(plan)
            if any(run[0] == name for run in judged)
        )

    def _read_verdicts(self) -> "CampaignVerdicts | None":
        from loadstone.results.verdicts import read_verdicts

        try:
            return read_verdicts(self._results / "verdicts.json")
        except LoadstoneError:
            return None

    def _result(
        self, name: str, runs: Iterable[RunKey], counting: Mapping[RunKey, bool], agreed: "ExperimentVerdict"
    ) -> ResultSoFar:
        from loadstone.analyse.experiment_rows import limited_by
        from loadstone.suite.verdict import phrase_limits
        from loadstone.theory.intervals import estimate_of_runs

        own = list(runs)
        kept = [self._runs[run] for run in own if counting[run]] or [self._runs[run] for run in own]

        def mean(column: str) -> float | None:
            values = [value for run in kept if (value := run.figures.get(column)) is not None]
            return estimate_of_runs(values).value if values else None

        requests = sum(run.requests for run in kept)
        return ResultSoFar(
            name=name,
            runs=len(kept),
            rps=mean("throughput_rps"),
            p50_ms=mean("p50_ms"),
            p95_ms=mean("p95_ms"),
            failed=sum(run.failures for run in kept) / requests if requests else None,
            limit=limited_by(agreed),
            phrase=phrase_limits(agreed.verdict, agreed.parties),
            sound=agreed.verdict.is_sound,
            stored=max(self._runs[run].stored for run in own),
        )
