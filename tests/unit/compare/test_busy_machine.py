"""Differences that the machine could explain."""

import dataclasses
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import orjson
import pytest

from loadstone.compare.judge import compare_campaigns
from loadstone.compare.model import (
    CampaignResults,
    Cause,
    ChangeFinding,
)
from loadstone.results.signals import Signals
from tests.support.comparisons import (
    CANNOT_TELL,
    FASTER,
    NO_CHANGE,
    SLOWER,
    Make,
    loadstone,
    side,
    slower,
)


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
