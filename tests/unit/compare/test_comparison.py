"""Two campaigns compared: folders made up here, read as real ones, and the text, JSON, page and exit code."""

import dataclasses
import html
import re
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import orjson
import pandas as pd
import pytest

from loadstone.analyse.agreement import agree
from loadstone.cli.compare import compare_folders
from loadstone.compare.fail_on import list_failures, list_undecided, parse_fail_on
from loadstone.compare.judge import compare_campaigns, judge_ratio
from loadstone.compare.model import (
    JUDGED,
    METRICS,
    CampaignComparison,
    CampaignResults,
    Cause,
    ChangeFinding,
    ExperimentResult,
    RunResult,
)
from loadstone.compare.page import WIDTH, RatioAxis, render_comparison
from loadstone.compare.read_campaign import read_campaign
from loadstone.errors import GateError, LoadstoneError, ResultError, SuiteError
from loadstone.plan.schedule import Plan, Run, make_plan
from loadstone.results.campaign_folder import find_results
from loadstone.results.json_file import to_json
from loadstone.results.run_record import write_record
from loadstone.results.signals import Signals
from loadstone.results.tables import ENDPOINT_COLUMNS
from loadstone.results.verdicts import CampaignVerdicts, ExperimentVerdict, Judgement, RunVerdict
from loadstone.suite.load import load_suite
from loadstone.suite.verdict import Verdict
from loadstone.theory.intervals import Interval
from tests.support import commandline
from tests.support.records import make_record

SLOWER, FASTER, CANNOT_TELL, NO_CHANGE = ChangeFinding

SUITE = "baselines: false\ndefaults: {repeats: 3}\nexperiments: {steady: {}, other: {load: {users: 10}}}\n"
NOISE_SHARE = 0.01
SCRIPT = "<script>alert('[red]')</script>"

Made = dict[str, Any]
"""What a run was like: `factor` on its throughput (latency goes the other way), and what differs from a sound run."""
Behave = Callable[[Run], Made]
Make = Callable[..., Path]


def alike(run: Run) -> Made:
    return {}


@pytest.fixture
def make(tmp_path: Path, write_suite: Callable[[str], Path]) -> Make:
    """Make up a campaign's folder: each run behaves as told, but for 1 % of noise."""

    def campaign(name: str, behave: Behave = alike, text: str = SUITE, **known: dict[str, Any]) -> Path:
        plan = make_plan(load_suite(write_suite(text)))
        write_campaign(
            tmp_path / name / "results", plan, {(r.experiment, r.repeat): behave(r) for r in plan.runs}, **known
        )
        return tmp_path / name

    return campaign


def write_campaign(
    results: Path,
    plan: Plan,
    made: dict[tuple[str, int], Made],
    *,
    machine: dict[str, Any] | None = None,
    source: dict[str, Any] | None = None,
) -> None:
    """Write the files that a comparison reads, under the names and with the fields that the workflow gives them."""
    number = sum(results.parent.name.encode())  # two campaigns have no run in common
    rng = np.random.default_rng(number)
    began = 1_800_000_000.0 + 1000 * number
    rows = []
    for run in plan.runs:
        like = made[run.experiment, run.repeat]
        record = make_record(load_started=began, window=(began + 10, began + 20))
        changed = {
            "run": run,
            "machine": record.machine.model_copy(update=machine or {}),
            "source": record.source.model_copy(update=source or {}),
        }
        folder = results / "runs" / run.experiment / str(run.repeat)
        folder.mkdir(parents=True)
        write_record(record.model_copy(update=changed), folder / "run.json")
        rows += [row(run, like, endpoint, rng) for endpoint in ("all", "GET /albums")]
    (results / "verdicts.json").write_bytes(verdicts(made))
    (results / "plan.json").write_text(plan.model_dump_json(), encoding="utf-8")
    pd.DataFrame(rows).to_csv(results / "summary.csv", index=False)


def row(run: Run, like: Made, endpoint: str, rng: np.random.Generator) -> dict[str, object]:
    """Lay out a row of summary.csv; those of one endpoint are far off, to be seen if they are taken."""
    factor = like.get("factor", 1.0) * (1 if endpoint == "all" else 7)
    level = {"mean_ms": 20.0, "p95_ms": 50.0, "p99_ms": 90.0}
    figures = {name: value / factor * rng.lognormal(0, NOISE_SHARE) for name, value in level.items()}
    figures["throughput_rps"] = 400.0 * factor * rng.lognormal(0, NOISE_SHARE)
    kinds = like.get("kinds", {})
    known = {
        "requests": 4000,
        "failures": sum(kinds.values()),
        "failure_kinds": orjson.dumps(kinds).decode() * bool(kinds),
    }
    values = dict.fromkeys(ENDPOINT_COLUMNS, 1.0) | figures | known | like.get("row", {})
    return {"experiment": run.experiment, "repeat": run.repeat, **values, "endpoint": endpoint}


def verdicts(made: dict[tuple[str, int], Made]) -> bytes:
    """Write `verdicts.json`."""
    runs = [
        RunVerdict.of(
            run,
            Judgement(
                verdict=Verdict(like.get("verdict", Verdict.SERVER_CPU)),
                parties=(),
                also=None,
                evidence=(),
                runner_up=None,
                remark=like.get("remark"),
                probe="",
                missing=(),
            ),
        )
        for run, like in made.items()
    ]
    names = {run.experiment for run in runs}
    by_name = {name: [run.verdict for run in runs if run.experiment == name] for name in names}
    experiments = {
        name: ExperimentVerdict(verdict=agree(of_runs), parties=(), runs=dict(Counter(of_runs)))
        for name, of_runs in by_name.items()
    }
    return to_json(CampaignVerdicts(experiments=experiments, runs=tuple(runs)))


def slower(run: Run) -> Made:
    return {"factor": 0.8} if run.experiment == "steady" else {}


def faster(run: Run) -> Made:
    return {"factor": 1.3} if run.experiment == "steady" else {}


def loadstone(*arguments: object) -> subprocess.CompletedProcess[str]:
    return commandline.loadstone("compare", *arguments)


def compared(before: Path, after: Path, margin: float = 0.05) -> CampaignComparison:
    return compare_campaigns(read_campaign(find_results(before)), read_campaign(find_results(after)), margin)


def findings(comparison: CampaignComparison) -> dict[str, list[ChangeFinding | None]]:
    return {c.experiment: [change.finding for change in c.metrics] for c in comparison.experiments}


def output(capsys: pytest.CaptureFixture[str], *folders: Path, **options: Any) -> str:
    """Run the command here; return its text without line breaks that aren't meant."""
    compare_folders(*folders, **options)
    return capsys.readouterr().out


def refusal(*folders: Path, **options: Any) -> LoadstoneError:
    """Run the command here; return what it refuses with, after making sure that it is one line."""
    with pytest.raises(LoadstoneError) as caught:
        compare_folders(*folders, **options)
    assert len(caught.value.lines) == 1
    return caught.value


# what is a change, and what isn't


@pytest.mark.parametrize(
    ("low", "value", "high", "if_lower_is_better", "if_higher_is_better"),
    [
        (1.06, 1.10, 1.20, SLOWER, FASTER),
        (1.01, 1.06, 1.11, SLOWER, FASTER),
        (0.80, 0.90, 0.94, FASTER, SLOWER),
        (1.01, 1.04, 1.07, CANNOT_TELL, CANNOT_TELL),
        (0.99, 1.08, 1.18, CANNOT_TELL, CANNOT_TELL),
        (0.80, 1.00, 1.20, CANNOT_TELL, CANNOT_TELL),
        (0.97, 1.00, 1.04, NO_CHANGE, NO_CHANGE),
        (1.01, 1.02, 1.04, NO_CHANGE, NO_CHANGE),
        (None, 1.50, None, CANNOT_TELL, CANNOT_TELL),
    ],
)
def test_change_needs_an_interval_without_1_and_a_ratio_beyond_the_margin(
    low: float | None, value: float, high: float | None, if_lower_is_better: str, if_higher_is_better: str
) -> None:
    ratio = Interval(value=value, low=low, high=high, runs=3)
    assert judge_ratio(ratio, 0.05, higher_is_better=False) == if_lower_is_better
    assert judge_ratio(ratio, 0.05, higher_is_better=True) == if_higher_is_better


def test_ratio_is_after_over_before_of_geometric_means(make: Make) -> None:
    before = make("before", lambda run: {"factor": (1.0, 1.05, 1.1)[run.repeat - 1]})
    (steady,) = [c for c in compared(before, make("after", slower)).experiments if c.experiment == "steady"]
    for change in steady.metrics:
        assert change.ratio is not None
        assert change.before is not None
        assert change.after == pytest.approx(change.before * change.ratio.value)
    throughput = steady.metrics[0]
    assert throughput.before == pytest.approx(400 * 1.05, rel=0.02)
    assert throughput.after == pytest.approx(320, rel=0.02)


def test_slower_experiment_is_found_and_fails(make: Make) -> None:
    answer = loadstone(make("before"), make("after", slower), "--fail-on", "regression:5%")
    assert answer.returncode == 1
    (line,) = [line for line in answer.stderr.splitlines() if line.startswith("loadstone: steady")]
    assert re.match(
        r"loadstone: steady: slower \(margin 5 %\): throughput \d+ → \d+ /s, ratio 0\.\d{3}, 99\.167 % int", line
    )
    assert all(f"{name} " in line for name in ("mean", "p95"))
    assert answer.stdout.startswith("2 experiments, margin 5 %: 1 slower (steady); 1 ")
    assert max(map(len, answer.stdout.splitlines()[3:])) <= 100


def test_slower_experiment_fails_only_where_asked_and_beyond_what_is_asked(make: Make) -> None:
    folders = make("before"), make("after", slower)
    assert loadstone(*folders).returncode == 0
    compare_folders(*folders, fail_on=["verdict"])
    compare_folders(*folders, fail_on=["regression:60%"])
    with pytest.raises(GateError):
        compare_folders(*folders, fail_on=["regression:60%", "regression:10%"])


def test_one_slow_percentile_is_enough(make: Make) -> None:
    def slow_tail(run: Run) -> Made:
        return {"row": {"p95_ms": 200.0 + run.repeat}} if run.experiment == "other" else {}

    answer = refusal(make("before"), make("after", slow_tail), fail_on=["regression:5%"])
    assert str(answer).startswith("other: slower (margin 5 %): p95 ")
    assert "mean" not in str(answer)


def test_percentile_of_few_requests_is_shown_and_not_judged(make: Make) -> None:
    def few(run: Run) -> Made:
        return {"row": {"requests": 199, "p95_ms": 200.0 + run.repeat}}

    for experiment in compared(make("before"), make("after", few)).experiments:
        by_metric = {change.metric: change for change in experiment.metrics}
        assert by_metric["p95_ms"].finding is by_metric["p99_ms"].finding is None
        assert by_metric["p95_ms"].ratio is not None


@pytest.mark.parametrize("verdict", [Verdict.THINK_TIME, Verdict.ARRIVAL_RATE])
def test_throughput_that_the_load_sets_is_shown_and_not_judged(make: Make, verdict: Verdict) -> None:
    def waiting(run: Run) -> Made:
        return {"verdict": verdict, "row": {"throughput_rps": 100.0 + run.repeat}}

    for experiment in compared(make("before"), make("after", waiting)).experiments:
        throughput = experiment.metrics[0]
        assert (throughput.finding, throughput.ratio is None) == (None, False)


def test_faster_experiment_is_found_and_never_fails(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    folders = make("before"), make("after", faster)
    assert findings(compared(*folders))["steady"] == [FASTER, FASTER, FASTER, None]
    text = output(capsys, *folders, fail_on=["regression:5%", "verdict"])
    assert "1 faster (steady)" in text
    assert "slower" not in text


def test_only_what_changed_is_listed_unless_everything_is_asked_for(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders, markdown = (make("before"), make("after", slower)), tmp_path / "summary.md"
    rows = re.compile(r"^(steady|other) +throughput", re.MULTILINE)
    text = output(capsys, *folders, markdown=markdown)
    assert rows.findall(text) == ["steady"]
    assert text.endswith("--all lists the figures of 1 experiment more.\n")
    assert "| other |" not in markdown.read_text("utf-8")
    text = output(capsys, *folders, markdown=markdown, everything=True)
    assert rows.findall(text) == ["other", "steady"]
    assert "--all" not in text
    assert "| other |" in markdown.read_text("utf-8")


def test_campaign_compared_with_itself_shows_no_change_anywhere(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where a single run counts, or none can be used."""

    def mixed(run: Run) -> Made:
        return {"verdict": Verdict.ERRORS} if run.experiment == "other" else {}

    folder, page = make("before", mixed, SUITE.replace("repeats: 3", "repeats: 1")), tmp_path / "page.html"
    answer = loadstone(folder, folder, "--json", "--fail-on", "regression:5%", "--html", page)
    assert (answer.returncode, answer.stderr) == (0, "")
    found = orjson.loads(answer.stdout)["experiments"]
    assert {name: each["finding"] for name, each in found.items()} == {"other": "no change", "steady": "no change"}
    assert "2 experiments, margin 5 %: 2 no change; no verdict changed" in page.read_text("utf-8")


def side(rng: np.random.Generator, factor: float = 1.0, runs: int = 3, sigma: float = NOISE_SHARE) -> CampaignResults:
    """Make up a campaign of one experiment without files."""
    made = [
        RunResult(
            repeat=n,
            verdict=Verdict.THINK_TIME,
            reason="",
            metrics={m: factor * rng.lognormal(3, sigma) for m in METRICS},
            requests=1000,
        )
        for n in range(1, runs + 1)
    ]
    return CampaignResults(
        experiments={"a": ExperimentResult(runs=tuple(made), verdict="users' pauses", parties=(), settings={})},
        suite={}, environment={},
    )  # fmt: skip


def test_noise_is_never_called_slower() -> None:
    rng, fail_on = np.random.default_rng(1), parse_fail_on(["regression:5%", "verdict"])
    for _ in range(200):
        comparison = compare_campaigns(side(rng), side(rng), fail_on.margin)
        assert list_failures(comparison, fail_on) == list_undecided(comparison, fail_on) == []
        assert not comparison.experiments_with(FASTER)


def test_change_of_three_margins_is_found() -> None:
    rng = np.random.default_rng(3)
    found = [compare_campaigns(side(rng), side(rng, 1.15), 0.05).experiments[0].finding for _ in range(200)]
    assert found.count(SLOWER) >= 190


# what proves nothing


def test_one_repeat_shows_nothing_and_says_so(make: Make) -> None:
    before = make("before", text=SUITE.replace("repeats: 3", "repeats: 1"))
    after = make("after", lambda run: {"factor": 0.1})
    answer = loadstone(before, after, "--all", "--fail-on", "regression:5%")
    assert answer.returncode == 0
    single, unknown = answer.stderr.splitlines()
    assert single == (
        "loadstone: a single run has no interval: measure at least 2 repeats, before and after: other, steady"
    )
    assert unknown.startswith("loadstone: whether other processes used the machine was not recorded, ")
    assert answer.stdout.count("one run ") == 2 * len(METRICS)
    assert "2 can't tell" in answer.stdout
    assert "1 and 3 runs" in answer.stdout
    plain = loadstone(before, after)
    assert "at least 2 repeats" in plain.stdout
    assert plain.stderr == ""


@pytest.mark.parametrize(("kind", "remark"), [(Verdict.ERRORS, None), (Verdict.INVALID, "the run never settled")])
def test_unusable_runs_are_shown_and_never_judged(
    make: Make, capsys: pytest.CaptureFixture[str], kind: str, remark: str | None
) -> None:
    def broken(run: Run) -> Made:
        made = {"factor": 0.1, "verdict": kind, "remark": remark, "kinds": {"HTTPError 500": 600, "Timeout": 200}}
        return made if run.experiment == "steady" else {}

    folders = make("before"), make("after", broken)
    assert findings(compared(*folders))["steady"] == [CANNOT_TELL] * len(JUDGED) + [None]
    compare_folders(*folders, fail_on=["regression:5%"], everything=True)
    told = capsys.readouterr()
    reason = f"too few runs can be used: steady (after: 3 of 3 runs cannot be used ({kind}))"
    assert f"loadstone: can't tell: {reason}\n" in told.err
    assert f"Can't tell\n  {reason}\n" in told.out
    why = "800 of 4,000 requests failed (HTTPError 500, Timeout)" if kind == Verdict.ERRORS else remark
    assert f"steady: after, repeats 1, 2, 3: {kind}: {why}\n" in told.out
    assert " 40.0 " in re.sub(r"4\d\.\d", "40.0", told.out), "its throughput is shown"
    assert "slower" not in told.out
    backwards = compared(folders[1], folders[0])
    assert [c.experiment for c in backwards.experiments if c.not_judged] == ["steady"]
    assert not backwards.experiments_with(FASTER)


def test_single_unusable_run_is_left_out(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    def one_broken(run: Run) -> Made:
        broken = run.repeat == 2 and run.experiment == "steady"
        return {"factor": 0.01, "verdict": Verdict.INVALID, "remark": "X·(R+Z)/N = 0.5"} if broken else {}

    folders = make("before"), make("after", one_broken)
    (steady,) = [c for c in compared(*folders).experiments if c.experiment == "steady"]
    assert steady.runs == (3, 2)
    assert steady.metrics[0].ratio is not None
    assert steady.metrics[0].ratio.value == pytest.approx(1, abs=0.03)
    assert "steady: after, repeat 2: invalid figures: X·(R+Z)/N = 0.5" in output(capsys, *folders)


def test_half_of_the_runs_do_not_speak_for_all(make: Make) -> None:
    text = SUITE.replace("repeats: 3", "repeats: 4")
    after = make("after", lambda run: {"factor": 0.5} | ({"verdict": Verdict.ERRORS} if run.repeat > 2 else {}), text)
    found = compared(make("before", text=text), after).experiments
    assert {each.cause for each in found} == {Cause.UNUSABLE}


def test_metric_that_no_run_knows_is_not_judged(make: Make) -> None:
    comparison = compared(make("before"), make("after", lambda run: {"row": {"p95_ms": float("nan")}}))
    for experiment in comparison.experiments:
        by_metric = {change.metric: change for change in experiment.metrics}
        assert (by_metric["p95_ms"].finding, by_metric["p95_ms"].cause) == (CANNOT_TELL, Cause.UNKNOWN)
        assert by_metric["p95_ms"].after is None
        assert by_metric["p99_ms"].ratio is not None


# what the machine could explain


def with_shares(campaign: CampaignResults, *others: float | None, drift: float | None = None) -> CampaignResults:
    """Add which share of the machine others used in each run."""
    experiment = campaign.experiments["a"]
    runs = tuple(dataclasses.replace(run, others=share) for run, share in zip(experiment.runs, others, strict=True))
    return dataclasses.replace(campaign, experiments={"a": dataclasses.replace(experiment, runs=runs)}, drift=drift)


QUIET = (0.01, 0.02, 0.01)
BUSY = (0.5, 0.52, 0.49)


@pytest.mark.parametrize(
    ("factor", "before", "after", "finding", "cause"),
    [
        (1.3, QUIET, QUIET, SLOWER, None),
        (1.3, QUIET, BUSY, CANNOT_TELL, Cause.BUSY),
        (1.3, BUSY, QUIET, SLOWER, None),
        (1.3, BUSY, BUSY, CANNOT_TELL, Cause.BUSY),
        (1.0, BUSY, BUSY, NO_CHANGE, None),
        (0.7, BUSY, QUIET, CANNOT_TELL, Cause.BUSY),
        (0.7, QUIET, BUSY, FASTER, None),
        (1.0, QUIET, BUSY, CANNOT_TELL, Cause.BUSY),
        (1.0, QUIET, QUIET, NO_CHANGE, None),
        (1.3, (None,) * 3, BUSY, CANNOT_TELL, Cause.BUSY),
        (1.3, (None,) * 3, QUIET, SLOWER, None),
        (1.3, QUIET, (0.05, 0.06, 0.05), CANNOT_TELL, Cause.BUSY),
        (3.0, QUIET, (0.05, 0.06, 0.05), SLOWER, None),
    ],
)
def test_difference_that_a_busy_machine_could_explain_is_not_told(
    factor: float, before: Any, after: Any, finding: ChangeFinding, cause: Cause | None
) -> None:
    rng = np.random.default_rng(5)
    sides = with_shares(side(rng, sigma=0.002), *before), with_shares(side(rng, factor, sigma=0.002), *after)
    (compared,) = compare_campaigns(*sides).experiments
    assert (compared.finding, compared.cause) == (finding, cause)
    assert compared.hides_slowdown == (cause == Cause.BUSY and factor > 1.05)


def test_disturbed_runs_are_left_out_if_enough_are_left() -> None:
    rng = np.random.default_rng(6)
    quiet, busy = side(rng, runs=5, sigma=0.002), side(rng, runs=5, sigma=0.002)
    slow = {name: 3 * value for name, value in busy.experiments["a"].runs[0].metrics.items()}
    runs = (dataclasses.replace(busy.experiments["a"].runs[0], metrics=slow), *busy.experiments["a"].runs[1:])
    busy = dataclasses.replace(busy, experiments={"a": dataclasses.replace(busy.experiments["a"], runs=runs)})
    comparison = compare_campaigns(with_shares(quiet, *QUIET, 0.01, 0.02), with_shares(busy, 0.4, *QUIET, 0.01))
    (compared,) = comparison.experiments
    assert (compared.finding, compared.runs) == (NO_CHANGE, (5, 4))
    assert [(run.side, run.repeat, run.verdict) for run in compared.left_out] == [("after", 1, "busy")]


def test_drift_within_a_campaign_explains_a_difference_of_its_size() -> None:
    rng = np.random.default_rng(7)
    old, new = side(rng, sigma=0.002), side(rng, 1.1, sigma=0.002)
    for drift, cause in ((-0.2, Cause.CHANGED), (-0.05, None)):
        drifting = with_shares(old, *QUIET, drift=drift)
        (compared,) = compare_campaigns(drifting, with_shares(new, *QUIET)).experiments
        assert compared.cause == cause
        assert compared.hides_slowdown == (cause is not None)


def test_slower_machine_explains_a_difference_of_its_size() -> None:
    rng = np.random.default_rng(8)
    old, new = side(rng, sigma=0.002), side(rng, 1.1, sigma=0.002)
    for before_ms, after_ms, cause in ((6.0, 6.6, Cause.CHANGED), (6.6, 6.0, None), (6.0, 6.05, None)):
        spins = dataclasses.replace(old, spin_ms=before_ms), dataclasses.replace(new, spin_ms=after_ms)
        (compared,) = compare_campaigns(*spins).experiments
        assert compared.cause == cause


def test_busy_machine_ends_with_exit_code_2_in_every_form(make: Make, tmp_path: Path) -> None:
    """Folders hold what was recorded: signals of each run, the campaign's drift, and checks of the machine."""
    before, after = make("before"), make("after", slower)
    for folder, cpus in ((before, 0.02), (after, 0.9)):
        add_signals(folder / "results", cpus)
    (after / "results" / "noise.json").write_text("{damaged", encoding="utf-8")
    junit, markdown, page = (tmp_path / name for name in ("junit.xml", "summary.md", "page.html"))
    answer = loadstone(
        before, after, "--fail-on", "regression:5%", "--junit", junit, "--markdown", markdown, "--html", page
    )
    assert answer.returncode == 2
    (line,) = answer.stderr.splitlines()
    assert line.startswith(
        "loadstone: steady: can't tell: the machine was busy: other processes and the kernel used 1.00 % of the "
        "machine before and 45.0 % after: throughput "
    )
    assert line.endswith("; measure again on a quiet machine")
    assert "2 can't tell (1 slower by the figures, but the machine could be the reason)" in answer.stdout
    for path in (markdown, page):
        assert "the machine was busy" in path.read_text("utf-8")
    assert 'class="bar cant-tell"' in page.read_text("utf-8")
    cases = {case.get("name"): case for case in ET.parse(junit).iter("testcase")}  # noqa: S314 - our own
    skipped = cases["steady"].find("skipped")
    assert skipped is not None
    assert str(skipped.get("message")).startswith("can't tell: the machine was busy: ")
    found = orjson.loads(loadstone(before, after, "--json", "--fail-on", "regression:5%").stdout)
    assert found["experiments"]["steady"]["hides_slowdown"] is True
    assert [f"loadstone: {each}" for each in found["undecided"]] == [line]
    assert loadstone(before, after).returncode == 0, "nothing fails without --fail-on"


def add_signals(results: Path, cpus: float) -> None:
    """Write the signals of each run, with the CPUs that others used."""
    for record in results.glob("runs/*/*/run.json"):
        folder = results / "summaries" / record.parent.relative_to(results / "runs")
        folder.mkdir(parents=True)
        signals = Signals(users=10, throughput=400, response_s=0.02, think_s=0, host_steal=0.0, other_cpus=cpus)
        (folder / "signals.json").write_text(signals.model_dump_json(), encoding="utf-8")


# what else changed


def test_changed_verdict_is_told_and_fails_where_asked(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    folders = (
        make("before"),
        make("after", lambda run: {"verdict": "users' pauses"} if run.experiment == "other" else {}),
    )
    text = output(capsys, *folders, fail_on=["regression:5%"])
    assert "Verdicts that changed\n  other: server's CPU → users' pauses\n" in text
    assert text.splitlines()[0].endswith("; 1 verdict changed")
    answer = loadstone(*folders, "--fail-on", "regression:5%", "--fail-on", "verdict")
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1] == "loadstone: other: verdict changed: server's CPU → users' pauses"


def test_changed_machine_and_source_are_told_once(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    old = {"commit": "a" * 40, "dirty": False, "lock_sha256": "1" * 64, "versions": {"python": "3.12", "flask": "3.1"}}
    new = {"commit": "b" * 40, "dirty": True, "lock_sha256": "2" * 64, "versions": {"python": "3.12", "orjson": "3.11"}}
    before = make("before", source=old)
    after = make("after", source=new, machine={"cores": 4, "memory_bytes": 2**30 + 5000})
    text = output(capsys, before, after)
    expected = [
        "Machine and software that changed", "  CPUs: 2 → 4", f"  commit: {'a' * 12} → {'b' * 12}",
        "  uncommitted changes: no → yes", f"  lock file: {'1' * 12} → {'2' * 12}", "  flask: 3.1 → absent",
        "  orjson: absent → 3.11",
    ]  # fmt: skip
    assert "\n".join(expected) + "\n\n" in text
    assert text.count("CPUs: 2 → 4") == 1
    assert "Machine" not in output(capsys, before, before)
    assert "the code may differ even if the commit is the same" in output(capsys, after, after)


def test_changed_keys_are_told_with_both_values(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    text = "seed: 2\n" + SUITE.replace("users: 10", "users: 20, think_time: 1, arrivals: {rate: 9}")
    text = text.replace("repeats: 3", "repeats: 3, duration: 1m, warm_up: 500ms")
    told = output(capsys, make("before"), make("after", text=text))
    for line in (
        "seed: 1 → 2", "duration: 20s → 1m: all experiments", "warm_up: 3s → 0.5s: all experiments",
        "load.users: 10 → 20: other", "load.think_time: [1, 2] → [1, 1]: other",
        "load.arrivals.rate: absent → 9: other",
    ):  # fmt: skip
        assert f"  {line}\n" in told
    assert "server" not in told
    slow = make("slow", slower, text.replace("steady: {}", "steady: {load: {users: 49}}"))
    answer = refusal(make("again"), slow, fail_on=["regression:5%"])
    assert str(answer).endswith("settings that changed too: duration, load.users, warm_up")


def test_experiments_of_one_side_are_listed(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = make("before"), make("after", text=SUITE.replace("other", "new"))
    comparison = compared(before, after)
    assert (comparison.only_before, comparison.only_after) == (("other",), ("new",))
    assert [c.experiment for c in comparison.experiments] == ["steady"]
    text = output(capsys, before, after)
    assert "Experiments only before\n  other\n" in text
    assert "Experiments only after\n  new\n" in text


def test_probes_are_compared_and_baselines_are_not(make: Make) -> None:
    text = "defaults: {repeats: 2}\nexperiments: {a: {probe: true}}\n"
    comparison = compared(make("before", text=text), make("after", text=text))
    assert [c.experiment for c in comparison.experiments] == ["a", "a@twice"]
    assert comparison.only_before == comparison.only_after == ()


def test_names_are_names_even_where_they_look_like_something_else(make: Make) -> None:
    text = "baselines: false\ndefaults: {repeats: 2}\nexperiments: {NA: {}, '007': {}, 'null': {}}\n"
    comparison = compared(make("before", text=text), make("after", text=text))
    assert [c.experiment for c in comparison.experiments] == ["007", "NA", "null"]


# where it is shown


def test_results_folder_itself_will_do(make: Make) -> None:
    before, after = make("before"), make("after", slower)
    assert compared(before, after) == compared(before / "results", after / "results")


def test_json_holds_all_of_it(make: Make) -> None:
    after = make("after", slower, SUITE.replace("users: 10", "users: 12"), machine={"cores": 3})
    answer = loadstone(make("before"), after, "--json", "--fail-on", "regression:5%")
    assert answer.returncode == 1
    found = orjson.loads(answer.stdout)
    steady = found["experiments"]["steady"]
    assert steady["finding"] == SLOWER
    assert set(steady["metrics"]) == set(METRICS)
    assert steady["metrics"]["mean_ms"]["ratio"]["low"] > 1.05
    assert steady["verdict"] == {"before": "server's CPU", "after": "server's CPU", "changed": False}
    assert steady["runs"] == {"before": 3, "after": 3}
    assert found["experiments"]["other"]["settings"] == [{"key": "load.users", "before": 10, "after": 12}]
    assert found["environment"] == [{"key": "machine.cores", "before": "2", "after": "3"}]
    assert [f"loadstone: {line}" for line in found["failed_on"]] == answer.stderr.splitlines()[-1:]


def test_page_is_one_file_that_needs_nothing(make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page_path = tmp_path / "new folder" / "page.html"
    output(capsys, make("before"), make("after", slower, machine={"cores": 3}), html=page_path)
    page = page_path.read_text(encoding="utf-8")
    assert "://" not in page
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|img|iframe)|\son\w+=|style=|url\(|@import", page)
    assert page.count("<svg") == 2 + 2 * len(METRICS), "two axes, and a drawing of each metric"
    assert page.count('class="bar slower"') == len(JUDGED)
    assert page.count("<details") == 1
    assert "CPUs" in page
    assert "no verdict changed" in page


def test_formats_for_ci_hold_each_experiment(make: Make, tmp_path: Path) -> None:
    folders = make("before"), make("after", slower)
    markdown, junit = tmp_path / "ci" / "summary.md", tmp_path / "ci" / "junit.xml"
    with pytest.raises(GateError):
        compare_folders(*folders, markdown=markdown, junit=junit, fail_on=["regression:5%"])
    comparison = compared(*folders)
    lines = markdown.read_text("utf-8").splitlines()
    assert lines[0].startswith(f"### {len(comparison.experiments)} experiments, margin 5 %: ")
    rows = [line for line in lines if line.startswith("|")][2:]
    assert len(rows) == len(METRICS), "of the experiment that changed"
    found = {e.experiment for e in comparison.experiments_with(SLOWER)}
    cases = list(ET.parse(junit).iter("testcase"))  # noqa: S314 - our own
    assert [case.get("name") for case in cases] == [e.experiment for e in comparison.experiments]
    assert {case.get("name") for case in cases if case.find("failure") is not None} == found != set()


def test_nothing_that_a_file_holds_is_markup(make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(run: Run) -> Made:
        if run.repeat == 1:
            return {"verdict": Verdict.ERRORS, "kinds": {SCRIPT: 900}, "row": {}}
        return {"verdict": Verdict.INVALID, "remark": SCRIPT}

    before = make("<b>before", machine={"cpu_model": SCRIPT})
    after, page_path = make("after", broken), tmp_path / "page.html"
    text = output(capsys, before, after, html=page_path)
    page = page_path.read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>before" not in page
    assert html.unescape(page).count(SCRIPT) >= 3, "of a failure, of a remark, of the machine"
    assert f"900 of 4,000 requests failed ({SCRIPT})" in text
    assert f"CPU: {SCRIPT} → cpu" in text


def test_terminal_codes_of_a_file_are_not_obeyed(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    after = make("after", lambda run: {"verdict": Verdict.INVALID, "remark": "a\nb\x1b[31m"})
    with pytest.raises(GateError) as caught:
        compare_folders(make("before"), after, fail_on=["verdict"])
    assert len(caught.value.lines) == 2
    assert "\x1b" not in str(caught.value) + capsys.readouterr().out


def test_verdict_of_another_version_is_refused(make: Make) -> None:
    after = make("after")
    path = after / "results" / "verdicts.json"
    path.write_text(path.read_text("utf-8").replace('"server\'s CPU"', '"bad luck"'), encoding="utf-8")
    error = refusal(make("before"), after)
    assert isinstance(error, ResultError)
    assert str(error).startswith(f"{path}: damaged: experiments.")


def test_axis_of_ratios_shows_what_lies_beyond_it() -> None:
    rng = np.random.default_rng(4)
    comparison = compare_campaigns(side(rng), side(rng, 20), 0.05)
    change = comparison.experiments[0].metrics[0]
    bar = RatioAxis(4.0).draw(change)
    assert bar is not None
    assert bar.continues_right
    assert not bar.continues_left
    assert WIDTH / 2 < bar.value <= WIDTH
    assert RatioAxis(4.0)(1.0) == WIDTH / 2
    assert RatioAxis(4.0)(0.5) + RatioAxis(4.0)(2.0) == pytest.approx(WIDTH)
    assert "continues" not in render_comparison(comparison, ("a", "b"))


# mistakes


@pytest.mark.parametrize(
    "given",
    ["regression", "regression:5", "regression:0%", "regression:100%", "regression:-5%", "verdicts", "", "a\nb"],
)
def test_malformed_fail_on_is_told(given: str) -> None:
    with pytest.raises(SuiteError) as caught:
        parse_fail_on(["verdict", given])
    assert len(caught.value.lines) == 1
    assert "is not allowed; allowed: regression:5%" in str(caught.value)


def test_mistakes_on_the_command_line_end_in_2(make: Make, tmp_path: Path) -> None:
    before, other = make("before"), make("after", text="experiments: {x: {}}")
    empty, file = tmp_path / "empty", tmp_path / "file"
    empty.mkdir()
    file.touch()
    allowed = "regression:5% (more than 0%, less than 100%), or verdict"
    cases: dict[str, tuple[Any, ...]] = {
        f"{tmp_path}/none: no such folder": (before, tmp_path / "none", {}),
        f"{file}: not a folder": (file, before, {}),
        f"{empty}: contains no results: neither results/plan.json nor plan.json exists": (before, empty, {}),
        f"{before}/results and {other}/results have no experiment in common: nothing to compare": (before, other, {}),
        f"--html: {file}/a.html: cannot be written: File exists": (before, before, {"html": file / "a.html"}),
        f"--fail-on: 'slow' is not allowed; allowed: {allowed}": (before, before, {"fail_on": ["slow"]}),
    }
    for told, (*folders, options) in cases.items():
        error = refusal(*folders, **options)
        assert (error.exit_code, str(error)) == (2, told)
    answer = loadstone(before, empty, "--fail-on", "regression:5%")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == f"loadstone: {empty}: contains no results: neither results/plan.json nor plan.json exists\n"


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("plan.json", "{", "damaged"),
        ("summary.csv", None, "be read: No such file or directory"),
        ("summary.csv", "", "no column experiment, repeat"),
        ("summary.csv", "half", "damaged: line"),
        ("summary.csv", "word", "damaged: line 2"),
        ("summary.csv", "short", "run 3 of steady is in plan.json but not in this file: finish"),
        ("verdicts.json", None, "be read: No such file or directory"),
        ("verdicts.json", "[]", "damaged: the file"),
        ("verdicts.json", '{"experiments": {"a": {}}, "runs": []}', "damaged: experiments.a.verdict"),
        (
            "verdicts.json",
            '{"experiments": {}, "runs": []}',
            "run 1 of steady is in plan.json but not in this file: finish",
        ),
        ("runs/steady/2/run.json", None, "be read: No such file or directory"),
        ("runs/steady/2/run.json", "{}", "damaged: format"),
        ("runs/steady/2/run.json", '{"format": 1}', "format 1, but this Loadstone reads format 3"),
    ],
)
def test_results_that_cannot_be_read_are_told(make: Make, file: str, content: str | None, told: str) -> None:
    text = SUITE.replace(", other: {load: {users: 10}}", "")
    before, after = make("before", text=text), make("after", text=text)
    path = after / "results" / file
    whole = path.read_text(encoding="utf-8")
    changed = {
        "half": whole[: len(whole) - 120],
        "word": re.sub(r"(all,4000),0,", r"\1,many,", whole, count=1),
        "short": "\n".join(whole.splitlines()[:-2]),
    }
    path.unlink()
    if content is not None:
        path.write_text(changed.get(content, content), encoding="utf-8")
    error = refusal(before, after)
    assert isinstance(error, ResultError)
    assert error.exit_code == 1
    assert str(error).startswith(f"{path}: ")
    assert told in str(error)


def test_campaign_that_was_changed_and_not_finished_is_refused(make: Make, write_suite: Callable[[str], Path]) -> None:
    before, after = make("before"), make("after")
    for text, file, told in [
        (
            SUITE.replace("repeats: 3", "repeats: 4"),
            "summary.csv",
            "run 4 of other is in plan.json but not in this file",
        ),
        (
            SUITE.replace("repeats: 3", "repeats: 2"),
            "summary.csv",
            "run 3 of other is in this file but not in plan.json",
        ),
        (SUITE.replace("users: 10", "users: 11"), "runs/other", "measured with settings that differ from plan.json"),
    ]:
        plan = make_plan(load_suite(write_suite(text)))
        (after / "results" / "plan.json").write_text(plan.model_dump_json(), encoding="utf-8")
        error = refusal(before, after)
        assert isinstance(error, ResultError)
        assert str(error).startswith(str(after / "results" / file))
        assert told in str(error)
