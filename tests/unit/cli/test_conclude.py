"""A campaign's outcome in a terminal."""

import re
from pathlib import Path

import numpy as np
import pytest

from loadstone.analyse.experiment_rows import ExperimentRow
from loadstone.cli.conclude import show_conclusion
from loadstone.cli.outcome_table import MAX_LINES, shorten_apart, write_table
from loadstone.errors import ResultError
from loadstone.plan.schedule import Run
from loadstone.report.campaign import Campaign
from loadstone.suite.verdict import Verdict
from tests.support.commandline import loadstone
from tests.support.made_up import PUBLISHED, REPEATING, Made, Make, steady, thinking

MANY = """
baselines: false
defaults: {repeats: 1}
experiments: {first: {}, failing: {}, tested: {}}
sweeps: {users-of-the-shop: {vary: load.users, values: [VALUES]}}
hypotheses: {fast: {claim: c, value: {metric: throughput, of: tested}, expect: "> 5000"}}
""".replace("VALUES", ", ".join(str(10 * k) for k in range(1, 23)))


def many(run: Run, rng: np.random.Generator) -> Made:
    """Behave faster with more users; one experiment fails."""
    rps = 10.0 * run.load.users + (1000 if run.experiment == "first" else 0)
    found = steady(run, rng) | {"throughput": rps, "response_s": run.load.users / rps, "users": float(run.load.users)}
    return found | ({"failures": 15_000.0} if run.experiment == "failing" else {})


def keep_plan(campaign: Campaign, folder: Path) -> Path:
    """Write the plan, as the workflow does; return the folder of results."""
    (folder / "results" / "plan.json").write_text(campaign.plan.model_dump_json(), encoding="utf-8")
    return folder / "results"


def show(make: Make, folder: Path, capsys: pytest.CaptureFixture[str], *made: object) -> list[str]:
    """Show the outcome of a made-up campaign; return its lines."""
    results = keep_plan(make(*made), folder)
    show_conclusion(results, folder / "index.html", folder / "published.csv" if len(made) > 2 else None)
    return capsys.readouterr().out.splitlines()


def test_a_table_then_the_results_then_the_path(make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = show(make, tmp_path, capsys, REPEATING, thinking, PUBLISHED)
    empty, heading, fifty, alone, eager, *rest = lines
    assert (empty, re.split(r"\s{2,}", heading)) == (
        "",
        ["experiment", "requests/s", "p50 ms", "p95 ms", "failed", "limited by"],
    )
    assert re.split(r"\s{2,}", fifty) == ["fifty", "33.2", "10.0", "10.0", "0 %", Verdict.THINK_TIME]
    assert re.split(r"\s{2,}", alone)[:2] == ["alone", "0.664"]
    assert re.split(r"\s{2,}", eager)[-1] == Verdict.UNDETERMINED
    assert len({line.index(cell) + len(cell) for line, cell in ((fifty, "33.2"), (alone, "0.664"))}) == 1, (
        "right-aligned"
    )
    assert rest[:2] == ["", "The published 32.7 requests/s is the pace of the users, not the limit of the server."]
    assert lines[-1] == f"The report is {tmp_path / 'index.html'}"
    assert "\n".join(lines).count(str(tmp_path)) == 1, "the path, once"


@pytest.mark.slow
def test_many_experiments_take_25_lines(make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of 25, those stay that cannot be used, are tested, or are the ends of a sweep."""
    lines = show(make, tmp_path, capsys, MANY, many)
    table = lines[1 : lines.index("", 1)]
    assert len(table) == MAX_LINES == 25
    assert table[-1] == "… and 2 more: see the report"
    names = [line.split()[0] for line in table[1:-1]]
    assert {"failing", "tested", "first", "users-of-the-shop=10", "users-of-the-shop=220"} <= set(names)
    assert names[:3] == ["failing", "first", "tested"]
    assert names[3:] == sorted(names[3:], key=lambda name: (len(name), name)), "the page's order"
    assert f"75.0 %  {Verdict.ERRORS}" in next(line for line in table if line.startswith("failing"))
    assert "Measured but not to be used (1 of 25 runs):" in lines
    assert "  failing, repeat 1: 75 % of the requests failed" in lines
    assert "Hypotheses: 1 refuted (fast)." in lines or "Hypotheses: 1 inconclusive." in lines


@pytest.mark.parametrize("width", [64, 80, 100, 200])
def test_the_table_fits_and_shortened_names_stay_apart(make: Make, width: int) -> None:
    campaign = make("baselines: false\nexperiments: {a: {repeats: 1}}", steady)
    names = [f"fifty-fast-users-with-{number}-workers-and-a-pool" for number in ("one", "two", "four")]
    rows = [
        ExperimentRow(
            name=name, throughput=12345.6, p50_ms=1.234, p95_ms=1234.5, failed=0.00001, is_sound=True,
            limit=Verdict.SERVER_OR_BEHIND,
        )
        for name in names
    ]  # fmt: skip
    lines = write_table(campaign.outcomes, rows, width)
    assert max(map(len, lines)) <= width
    assert len({line.split("  ")[0] for line in lines[1:]}) == 3
    assert ("…" in lines[1]) == (width < 110)
    assert all("12,346" in line and "< 0.1 %" in line for line in lines[1:])


def test_names_that_differ_at_one_end_stay_apart() -> None:
    assert shorten_apart(["users-of-the-shop=10", "users-of-the-shop=20"], 12) == ["users-…op=10", "users-…op=20"]
    assert shorten_apart(["short"], 12) == ["short"]
    begins = [f"{letter}-and-then-they-are-all-alike" for letter in "abc"]
    assert len(set(shorten_apart(begins, 12))) == 3
    inside = [f"fifty-fast-users-{letter}-and-then-they-are-all-alike" for letter in "abc"]
    assert shorten_apart(inside, 12)[0] == "…rs-a-and-t…"


def test_runs_not_used_are_named_with_the_reason(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    window = {"settled": False, "remark": "throughput changes by -26 %", "albums_begin": 10, "albums_end": 2345}

    def behaviour(run: Run, rng: np.random.Generator) -> Made:
        found = steady(run, rng)
        return {
            "grew": found | {"steady": False, "window": window},
            "drifted": found | {"steady": False, "window": window | {"albums_end": 10}},
            "crowded": found | {"failures": 20_000.0},
        }.get(run.experiment, found)

    suite = "baselines: false\ndefaults: {repeats: 2}\nexperiments: {grew: {}, drifted: {}, crowded: {}, sound: {}}"
    lines = show(make, tmp_path, capsys, suite, behaviour)
    at = lines.index("Measured but not to be used (6 of 8 runs):")
    listed = lines[at + 1 : lines.index("", at)]
    assert len(listed) == 6, "five runs, and how many more"
    assert listed[-1] == "  and 1 more: see the report"
    grew = "throughput changes by -26 %, while the store grew from 10 to 2,345 albums (set albums_max to bound it)"
    assert f"  grew, repeat 1: {grew}" in listed
    assert "  drifted, repeat 2: throughput changes by -26 %" in listed
    assert any(line.startswith("  crowded, repeat 1: 100 % of the requests failed") for line in listed)


def test_folders_that_the_suite_does_not_have_are_named(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results" / "runs" / "earlier" / "1").mkdir(parents=True)
    lines = show(make, tmp_path, capsys, "baselines: false\nexperiments: {a: {repeats: 1}}", steady)
    assert f"Not in the suite, so not used: {tmp_path / 'results/runs/earlier/1'}" in lines


def test_missing_and_damaged_results_are_named(make: Make, tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"verdicts\.json: can.*t be read"):
        show_conclusion(tmp_path, tmp_path)
    results = keep_plan(make("baselines: false\nexperiments: {a: {repeats: 1}}", steady), tmp_path)
    (results / "verdicts.json").write_text("{", encoding="utf-8")
    with pytest.raises(ResultError, match=r"verdicts\.json: damaged"):
        show_conclusion(results, tmp_path)


def test_report_is_looked_for_next_to_the_results(make: Make, tmp_path: Path) -> None:
    """Not in the current folder, where another campaign may have left one."""
    results = keep_plan(make("baselines: false\nexperiments: {a: {repeats: 1}}", steady), tmp_path)
    for folder, cwd in (("results", tmp_path), (".", results)):
        answer = loadstone("conclude", "--results", folder, cwd=cwd)
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.endswith(f"The report is {tmp_path}/report/index.html\n")


def test_figures_are_of_the_plan_in_the_results(tmp_path: Path) -> None:
    answer = loadstone("figures", "--results", tmp_path / "monday")
    assert answer.returncode == 1
    assert answer.stderr == f"loadstone: {tmp_path}/monday/plan.json: cannot be read: No such file or directory\n"
