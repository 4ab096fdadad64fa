"""A campaign that an earlier version measured: summed up, analysed, read and shown today, it comes out the same.

`tests/fixtures/README.md` says what the campaign is. Where a later version adds a key or words a sentence differently,
the lists below say so: everything else stays equal, byte for byte.
"""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, geometric_mean
from typing import Any

import pytest

from loadstone.plan.file import read_plan
from loadstone.plan.schedule import Plan, make_plan
from loadstone.report.campaign import load_campaign
from loadstone.report.page import render
from loadstone.results.hypotheses import Outcome, read_hypotheses
from loadstone.results.integrity import check_sums
from loadstone.results.repeats import read_repeats
from loadstone.results.run_record import read_record
from loadstone.results.scaling import read_scaling
from loadstone.results.search import Probe, read_search
from loadstone.results.signal_groups import GROUPED
from loadstone.results.verdicts import read_verdicts
from loadstone.search.bisect import conclude, judge_probe
from loadstone.suite.hypotheses import ALL
from loadstone.suite.load import load_suite
from loadstone.suite.verdict import EARLIER_NAMES, Verdict
from loadstone.summarise.stage import Summary, summarise_folder
from tests.support.commandline import loadstone
from tests.support.earlier import unpack
from tests.support.made_up import analyse
from tests.support.page_parts import section

REWORDED: Mapping[str, str] = {
    # meanings of signals
    "1 in a closed, steady system: checks the run, accuses nobody":
    "1 in a closed, steady system: a check of the run, not of its limit",
    "share of the rate that so many users can send at R₀": "share of the rate that this number of users can send at R₀",
    "throughput over what the generator can send at all":
    "throughput over the highest rate that the generator can send",
    "processes that ran or could; above 1, some waited": "running or ready processes; above 1, some waited",
    '"a CPU"': '"per CPU"',
    # the outcome of a search
    "at 200/s it doesn't: p95": "at 200/s it does not: p95",
    # remarks, and what to measure next
    "responses take twice as long as unloaded, or more; nothing seen is near its limit":
    "responses take at least 2 times as long as without load, and no measured resource is near its limit",
    "twice the users: d ln X/d ln N of 0.9 or more means think time, of 0.2 or less a capacity reached":
    "measure with twice the users: d ln X/d ln N of 0.9 or more means limited by users' pauses, 0.2 or less means "
    "that a capacity is reached",
    "throughput follows the users: they are what binds it":
    "throughput grows with the number of users: limited by users' pauses",
    # why a law was not fitted
    "its form can't be tested": "its form cannot be tested",
    # evidence of hypotheses
    "no think time is known of the row's users": "the think time of the row's users is not known",
}  # fmt: skip
"""Words that the campaign's files hold → the words of today."""

TODAY = {name: str(verdict) for verdict, name in EARLIER_NAMES.items()} | {"mixed": str(Verdict.DISAGREE)}
"""Names of verdicts that the campaign's files hold → those of today. It was *mixed* where two repeats disagreed."""

LAWS_AGREE_TO = 1e-6
"""Relative difference that a fitted law may have: its last digits depend on the processor's arithmetic."""


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results as that version left them."""
    return unpack(tmp_path_factory.mktemp("earlier"))


@pytest.fixture(scope="module")
def plan(earlier: Path) -> Plan:
    return read_plan(earlier / "plan.json")


@pytest.fixture(scope="module")
def today(earlier: Path, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same runs, summed up and analysed by this version."""
    folder = tmp_path_factory.mktemp("today")
    for run in plan.runs:
        part = f"{run.experiment}/{run.repeat}"
        summary_of(earlier / "runs" / part).write(folder / "summaries" / part)
    analyse(plan, folder, earlier / "published.csv")
    (folder / "runs").symlink_to(earlier / "runs")
    shutil.copytree(earlier / "searches", folder / "searches")
    for probe in folder.glob("searches/*/probe-*"):
        summary_of(probe).write(probe)
    return folder


def summary_of(run: Path) -> Summary:
    return summarise_folder(read_record(run / "run.json"), run)


def reworded(text: str) -> str:
    """Put the words of today in a text of that version."""
    for before, after in REWORDED.items():
        text = text.replace(before, after)
    return text


def content(folder: Path, name: str) -> Any:
    return renamed(json.loads(reworded((folder / name).read_text(encoding="utf-8"))))


def renamed(value: Any, *, is_verdict: bool = False) -> Any:
    """Give verdicts the names of today."""
    if isinstance(value, dict):
        return {
            renamed(key, is_verdict=key in TODAY): renamed(each, is_verdict=key in ("verdict", "parties", "also"))
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [renamed(each, is_verdict=is_verdict) for each in value]
    return TODAY.get(value, value) if is_verdict and isinstance(value, str) else value


def test_words_that_changed_are_words_of_the_campaign(earlier: Path) -> None:
    texts = [path.read_text("utf-8") for path in (*earlier.glob("*.json"), *earlier.glob("searches/*/search.json"))]
    assert [words for words in REWORDED if not any(words in text for text in texts)] == []


def test_archive_is_whole(earlier: Path, plan: Plan) -> None:
    check_sums([earlier, *(earlier / "summaries" / run.experiment / str(run.repeat) for run in plan.runs)])


def test_suite_has_the_same_plan(earlier: Path) -> None:
    """Except that no precision was asked for: that version wrote the usual one.

    And except for the baselines with one user, who pauses today. Their names are others, so their order is as well.
    """
    again = json.loads(make_plan(load_suite(earlier / "suite.yaml")).model_dump_json())
    before = json.loads((earlier / "plan.json").read_text("utf-8").replace('"precision": "2%"', '"precision": null'))
    alone = [len([name for name in plan["added"] if name.startswith("unloaded@")]) for plan in (again, before)]
    assert alone[0] == alone[1] > 1
    for plan in (again, before):
        plan["added"] = {name: added for name, added in plan["added"].items() if not name.startswith("unloaded@")}
        plan["runs"] = [run for run in plan["runs"] if not run["experiment"].startswith("unloaded@")]
    assert again == before


def test_every_table_of_every_run_is_the_same(earlier: Path, today: Path, plan: Plan) -> None:
    """Today's signals also hold what requests and samples show of single resources; so their checksums differ.

    A run over time is a table that the earlier version did not write.
    """
    before = {path.relative_to(earlier) for path in earlier.glob("summaries/*/*/*")}
    after = {path.relative_to(today) for path in today.glob("summaries/*/*/*")}
    assert {path.name for path in after - before} == {"timeline.csv"}
    assert (before - after, len(after - before)) == (set(), len(plan.runs))
    assert len(before) == 8 * len(plan.runs)
    changed = [path for path in sorted(before) if (today / path).read_bytes() != (earlier / path).read_bytes()]
    assert {path.name for path in changed} == {"signals.json", "SHA256SUMS"}
    for path in (path for path in changed if path.name == "signals.json"):
        signals = json.loads((today / path).read_text("utf-8"))
        before_signals = json.loads((earlier / path).read_text("utf-8"))
        assert 0 <= signals["other_cpus"] < 2
        assert signals.keys() - before_signals.keys() <= GROUPED | {
            "cores",
            "other_cpus",
            "think_spread",
            "typical_response_s",
        }
        assert {key: signals[key] for key in before_signals} == before_signals


def test_search_judges_its_probes_the_same(earlier: Path, plan: Plan) -> None:
    [(name, search)] = plan.suite.capacity.items()
    folder = earlier / "searches" / name
    found = read_search(folder / "search.json")
    again: list[Probe] = []
    for probe in found.probes:
        table = summary_of(folder / probe.folder).tables["endpoints"]
        [row] = table[table["endpoint"] == ALL].to_dict("records")
        again.append(judge_probe(search, probe.rate, {str(key): value for key, value in row.items()}, probe.folder))
    assert conclude(search, again).model_dump(mode="json") == content(folder, "search.json")


def check_mean(before: Any, after: Any, runs: Sequence[float]) -> None:
    """That version's means were arithmetic, with intervals of two and three runs; today's are geometric, without."""
    assert before["value"] == pytest.approx(fmean(runs))
    assert after["value"] == pytest.approx(geometric_mean(runs))
    assert (before["low"] is None) == (len(runs) == 1)
    assert after["low"] is after["high"] is None


def test_repeats_are_the_same_but_for_means(earlier: Path, today: Path, plan: Plan) -> None:
    """Today's file also holds the runs, needs four repeats or more, and no percentiles of too few requests."""
    before, after = content(earlier, "repeats.json"), content(today, "repeats.json")
    for name, found in after["experiments"].items():
        was = before["experiments"][name]
        intervals, values, needed = found.pop("intervals"), found.pop("values"), found.pop("needed")
        assert list(intervals) == list(values)
        hidden = set(was["intervals"]) - set(intervals)
        assert hidden <= {"p99_ms", "p99_9_ms"}
        was["variation"] = {metric: cv for metric, cv in was["variation"].items() if metric not in hidden}
        for metric, runs in values.items():
            check_mean(was["intervals"][metric], intervals[metric], runs)
        assert (needed is None) == (was["needed"] is None)
        assert needed is None or needed >= 4
        del was["intervals"], was["needed"]
    assert after.pop("effort")["runs"] == len(plan.runs)
    assert after == before


def test_hypotheses_have_the_same_effects_in_wider_intervals(earlier: Path, today: Path) -> None:
    """That version judged each by itself, at 95 %: today they are judged together, so fewer are decided.

    Intervals of values are on the log scale.
    """
    before, after = (read_hypotheses(folder / "hypotheses.json") for folder in (earlier, today))
    together = [each for each in after if each.family]
    assert {each.family for each in together} == {len(together)}
    for was, found in zip(before, after, strict=True):
        assert (was.id, was.unit, was.runs) == (found.id, found.unit, found.runs)
        assert found.outcome in (was.outcome, Outcome.INCONCLUSIVE)
        assert found.effect == (was.effect and pytest.approx(was.effect, rel=0.02 if found.test == "value" else 1e-9))
        if not found.family:
            assert found.outcome == was.outcome
        elif was.low is not None and was.high is not None and found.low is not None and found.high is not None:
            assert was.high < found.high
            assert found.low > 0 if found.test == "value" else found.low < was.low


def test_summary_is_the_same_but_for_sweep_and_level(earlier: Path, today: Path, plan: Plan) -> None:
    """Today's table also states the place of each run in a sweep: two columns after the repeat."""
    place = {
        level.experiment: [name, str(level.value)]
        for name, sweep in plan.suite.sweeps.items()
        for level in sweep.levels
    }
    before, after = ((folder / "summary.csv").read_text(encoding="utf-8") for folder in (earlier, today))
    rows = [line.split(",", 4) for line in after.splitlines()]
    assert rows[0][2:4] == ["sweep", "level"]
    assert [row[2:4] for row in rows[1:]] == [place.get(row[0], ["", ""]) for row in rows[1:]]
    assert "".join(",".join(row[:2] + row[4:]) + "\n" for row in rows) == before


def test_verdicts_are_the_same(earlier: Path, today: Path) -> None:
    """Today's file also states which runs count, and each verdict in a sentence, with more figures and a next step."""
    before, after = content(earlier, "verdicts.json"), content(today, "verdicts.json")
    assert {run["counts"] for run in after["runs"]} == {True}, "each experiment has a run that can be used"
    for was, found in zip(before["runs"], after["runs"], strict=True):
        assert found["sentence"]
        for key in ("experiment", "repeat", "verdict", "parties"):
            assert found[key] == was[key]
        changed = [each["signal"] for each in was["evidence"] if each not in found["evidence"]]
        assert set(changed) <= {"u_think"}, "R₀ is without pauses of the server today"
        assert set(was["missing"]) <= set(found["missing"])
    for name, was in before["experiments"].items():
        found = after["experiments"][name]
        for key in ("verdict", "runs", "elasticity", "remark"):
            assert found[key] == was[key]
        assert set(found["parties"]) - {"no clear limit"} == set(was["parties"])


def test_sweeps_are_the_same(earlier: Path, today: Path) -> None:
    """Today's file also holds the lines over album counts: the report used to fit them, and reports compute nothing."""
    before, after = content(earlier, "scaling.json"), content(today, "scaling.json")
    assert [line["endpoint"] for line in after["list-albums"].pop("album_lines")] == [
        "GET /albums", "GET /albums/<id>", "POST /albums",
    ]  # fmt: skip
    for name, sweep in after.items():
        assert close(sweep.pop("laws"), before[name].pop("laws"))
        drop_means(before[name], sweep)
    assert after == before


def drop_means(before: Any, after: Any) -> None:
    """Check the means of a sweep, then remove them."""
    for was, found in zip(before["levels"], after["levels"], strict=True):
        for key, runs in (("throughput", "goodput_rps"), ("response", "mean_ms")):
            check_mean(was.pop(key), found.pop(key), found[runs])
        for key in ("throughput_ratio", "response_ratio"):
            if len(found["mean_ms"]) < 3:
                found[key] |= {bound: was[key][bound] for bound in ("low", "high")}
    for was, found in zip(before["calibration"] or (), after["calibration"] or (), strict=True):
        means = [
            {"value": each.pop("measured"), "low": each.pop("low"), "high": each.pop("high")} for each in (was, found)
        ]
        check_mean(*means, found.pop("values"))
        assert found.pop("ratio") == pytest.approx(was.pop("ratio"), rel=0.01)
    for was, found in zip(*((each["forecast"] or {"levels": ()})["levels"] for each in (before, after)), strict=True):
        for key in ("throughput", "response_s"):
            check_mean(was[key], found[key], found[key].pop("values"))
            assert was.pop(key)["runs"] == found.pop(key)["runs"]
        assert found.pop("throughput_ratio") == pytest.approx(was.pop("throughput_ratio"), rel=0.01)


def close(one: Any, other: Any) -> bool:
    """Whether two laws are the same, but for the last digits of numbers."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(close, one, other))
    if isinstance(one, float):
        return bool(one == pytest.approx(other, rel=LAWS_AGREE_TO, abs=LAWS_AGREE_TO))
    return bool(one == other)


def test_line_over_albums_is_that_of_its_hypothesis(today: Path) -> None:
    """From 10 to 400 albums the line rises by what the hypothesis states for the same runs."""
    [judged] = [each for each in read_hypotheses(today / "hypotheses.json") if each.id == "list-grows"]
    line = read_scaling(today / "scaling.json")["list-albums"].album_lines[0]
    assert (line.endpoint, line.hypothesis) == ("GET /albums", "list-grows")
    assert line.b_us.value is not None
    assert line.b_us.value / 1000 * (line.highest - line.lowest) == pytest.approx(judged.effect)


def test_files_of_that_version_are_read(earlier: Path, today: Path) -> None:
    before, after = read_verdicts(earlier / "verdicts.json"), read_verdicts(today / "verdicts.json")
    assert before.counting == after.counting
    assert {run.run: run.verdict for run in before.runs} == {run.run: run.verdict for run in after.runs}
    agreed = [{name: each.verdict for name, each in file.experiments.items()} for file in (before, after)]
    assert agreed[0] == agreed[1]
    assert Verdict.DISAGREE in agreed[0].values()
    assert read_repeats(earlier / "repeats.json").drift == read_repeats(today / "repeats.json").drift
    assert {each.level for each in read_hypotheses(earlier / "hypotheses.json")} == {0.95}
    assert read_scaling(earlier / "scaling.json").keys() == read_scaling(today / "scaling.json").keys()


def test_page_of_that_version_is_the_page_of_today(earlier: Path, today: Path, plan: Plan) -> None:
    """Except for what came with later versions: lines over album counts in the analysis, the tables of probes, means
    and intervals on the log scale, runs in the place of intervals below four, hypotheses that are judged together,
    the CPUs that other processes used, and the signals of threads, connections and users.
    """
    before, after = (render(load_campaign(plan, folder, earlier / "published.csv")) for folder in (earlier, today))
    names = re.findall(r'<section[^>]*id="([^"]+)"', before)
    assert names == [name for name in re.findall(r'<section[^>]*id="([^"]+)"', after) if name != "looks"]
    assert len(names) > 10
    differing = {name for name in names if reworded(section(before, name)) != reworded(section(after, name))}
    expected = {
        "albums",
        "answer",
        "baselines",
        "comparison",
        "experiments",
        "hypotheses",
        "open-loads",
        "repeats",
        "sweeps",
        "verdicts",
    }
    assert differing == expected
    assert "list-grows" in section(after, "albums")
    for page in (before, after):
        assert "four-slots, step 2" in section(page, "open-loads")
    for name in plan.suite.experiments:
        assert name in section(before, "verdicts")


def test_campaign_compared_with_itself_has_not_changed(earlier: Path) -> None:
    answer = loadstone("compare", earlier, earlier, "--json", "--fail-on", "regression:5%", "--fail-on", "verdict")
    assert answer.returncode == 0, answer.stderr
    compared = json.loads(answer.stdout)
    assert compared["only_before"] == compared["only_after"] == compared["environment"] == []
    for name, experiment in compared["experiments"].items():
        assert experiment["finding"] == "no change", name
        assert not experiment["verdict"]["changed"]
        assert experiment["settings"] == []
        ratios = [metric["ratio"] for metric in experiment["metrics"].values()]
        assert {ratio["value"] for ratio in ratios if ratio is not None} <= {1.0}
