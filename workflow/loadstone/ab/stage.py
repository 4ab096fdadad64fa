"""Compare two commits: build both, measure every pair, summarise and judge each run, and judge the pairs.

The folder of the comparison holds, for each side, what a campaign holds for its runs:

    A/runs/<experiment>/<pair>/, B/…        the run, as `loadstone measure` writes it
    A/summaries/<experiment>/<pair>/, B/…   its tables, window and signals
    builds/, logs/, failed/                 checkouts of the commits, logs, and what broken runs had recorded
    noise.json                              how noisy the machine was before the first run
    ab.json                                 the comparison, written last
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from loadstone.ab.folder import hold_folder
from loadstone.ab.judge import conclude, confidence_of, judge_experiment
from loadstone.ab.schedule import AbSchedule, ScheduledRun
from loadstone.analyse.bottleneck import judge
from loadstone.analyse.noise import write_lines
from loadstone.errors import Interrupted, MeasureError
from loadstone.files import write_bytes
from loadstone.measure.build import build_checkout
from loadstone.measure.checkout import checkout_folder_of, marker_of
from loadstone.measure.noise import check_before_campaign
from loadstone.measure.run import measure
from loadstone.measure.stop import StopRequest
from loadstone.plan.checkouts import list_checkouts
from loadstone.plan.schedule import Run
from loadstone.results.ab import AbResult, AbRun, AbSide, SideName
from loadstone.results.json_file import to_json
from loadstone.results.run_record import RunRecord
from loadstone.results.signals import Signals
from loadstone.results.verdicts import Judgement
from loadstone.suite.foreign_servers import CommandServer
from loadstone.suite.hypotheses import ALL
from loadstone.suite.thresholds import Thresholds
from loadstone.suite.verdict import Verdict
from loadstone.summarise.stage import summarise_folder
from loadstone.text import clock, figure


@dataclass(frozen=True, slots=True, kw_only=True)
class AbCampaign:
    """What is compared, and where."""

    sides: Mapping[SideName, AbSide]
    servers: Mapping[SideName, Mapping[str, CommandServer]]
    """Side → experiment → its server at that commit."""
    schedule: AbSchedule
    thresholds: Thresholds
    margin: float
    base: Path
    """The suite's folder."""
    folder: Path
    report: Callable[[str], None] = field(default=print)
    """Takes one line per build and run."""

    def carry_out(self) -> AbResult:
        """Measure all pairs and judge them; leave `ab.json`.

        Raises `MeasureError` if nothing can be measured, `SuiteError` if the folder is not free.
        """
        with hold_folder(self.folder), StopRequest("loadstone ab") as stop:
            self._build(stop)
            self._check_machine(stop)
            runs: dict[str, list[AbRun]] = {name: [] for name in self.schedule.pairs}
            left_s = self.schedule.expected_s
            for number, scheduled in enumerate(self.schedule.runs, start=1):
                stop.check()
                left_s -= scheduled.run.expected_s
                name = scheduled.run.experiment
                fresh = not any(run.side == scheduled.side for run in runs[name])
                runs[name].append(self._measure(scheduled, fresh=fresh))
                self._report_run(number, runs[name][-1], name, left_s)
            result = self._judge(runs)
            write_bytes(self.folder / "ab.json", to_json(result))
        return result

    def _build(self, stop: StopRequest) -> None:
        checkouts = list_checkouts(server for servers in self.servers.values() for server in servers.values())
        builds = self.folder / "builds"
        for name, checkout in checkouts.items():
            stop.check()
            if marker_of(builds, checkout).is_file() and checkout_folder_of(builds, checkout).is_dir():
                continue
            words = " ".join(checkout.build or ()) or "nothing to build"
            self.report(f"checking out {checkout.commit[:7]} ({words})")
            build_checkout(checkout, self.base, builds, self.folder / "logs" / "builds" / f"{name}.log")

    def _check_machine(self, stop: StopRequest) -> None:
        """Check the machine's noise before the first run."""
        stop.check()
        for line in write_lines(*check_before_campaign(self.folder / "noise.json", stop)):
            self.report(line)

    def _measure(self, scheduled: ScheduledRun, *, fresh: bool) -> AbRun:
        """Measure and judge one run. A run that breaks does not count, unless it is its side's first: that ends it."""
        side, name, pair = scheduled.side, scheduled.run.experiment, scheduled.run.repeat
        run = Run.model_construct(**{**dict(scheduled.run), "server": self.servers[side][name]})
        into = self.folder / side / "runs" / name / str(pair)
        try:
            record = measure(
                run,
                into,
                self.folder / "logs" / side / name / f"{pair}.log",
                self.folder / "failed" / side / name / str(pair),
                self.base,
                builds=self.folder / "builds",
                quiet=True,
            )
        except Interrupted:
            raise
        except MeasureError as error:
            if fresh:
                raise type(error)(f"{side}, {self.sides[side].label}: {error}") from None
            return AbRun(
                side=side,
                pair=pair,
                verdict=None,
                left_out=str(error),
                requests=0,
                failures=0,
                mean_ms=None,
                goodput_rps=None,
            )
        return self._summarise(side, record, into, self.folder / side / "summaries" / name / str(pair))

    def _summarise(self, side: SideName, record: RunRecord, run: Path, into: Path) -> AbRun:
        summary = summarise_folder(record, run)
        summary.write(into)
        table = summary.tables["endpoints"]
        row = table[table["endpoint"] == ALL].iloc[0]
        signals = summary.values["signals"]
        assert isinstance(signals, Signals)  # noqa: S101 - under this name
        judgement = judge(signals, self.thresholds)
        return AbRun(
            side=side,
            pair=record.run.repeat,
            verdict=judgement.verdict,
            left_out=None if judgement.verdict.is_sound else _describe(judgement),
            requests=int(row["requests"]),
            failures=int(row["failures"]),
            mean_ms=float(row["mean_ms"]),
            goodput_rps=float(row["goodput_rps"]),
        )

    def _report_run(self, number: int, run: AbRun, name: str, left_s: float) -> None:
        figures = f"mean {figure(run.mean_ms)} ms, {figure(run.goodput_rps)} successful requests/s, {run.verdict}"
        if run.verdict is None:
            figures = f"broken: {run.left_out}"
        total = len(self.schedule.runs)
        left = f"; about {clock(left_s)} left" if number < total else ""
        label = self.sides[run.side].label
        self.report(f"[{number}/{total}] {name}, pair {run.pair}, {run.side} {label}: {figures}{left}")

    def _judge(self, runs: Mapping[str, list[AbRun]]) -> AbResult:
        expected_s = dict.fromkeys(runs, 0.0)
        for scheduled in self.schedule.runs:
            expected_s[scheduled.run.experiment] += scheduled.run.expected_s
        confidence = confidence_of(len(runs))
        experiments = [
            judge_experiment(name, runs[name], pairs, self.margin, confidence, expected_s[name])
            for name, pairs in self.schedule.pairs.items()
        ]
        return conclude(self.sides["A"], self.sides["B"], self.margin, experiments)


def _describe(judgement: Judgement) -> str:
    """State why a run cannot be used."""
    if judgement.verdict == Verdict.ERRORS:
        share = next((figure(100 * e.value) for e in judgement.evidence if e.signal == "failures"), "too many")
        return f"{Verdict.ERRORS}: at least {share} % of the requests failed"
    stated = judgement.sentence.rstrip(".") or judgement.remark
    return f"{judgement.verdict}: {stated or 'its figures contradict each other'}"
