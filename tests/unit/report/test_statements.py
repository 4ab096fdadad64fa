"""The page's own statements against its data: whatever it states in one place, no other place contradicts."""

import re
from pathlib import Path

import numpy as np

from loadstone.plan.schedule import Run
from loadstone.report.campaign import Campaign
from loadstone.report.page import render
from tests.support.made_up import Made, make_campaign, steady
from tests.support.page_parts import section, text_of

PERCENTILES = {"p50": 2, "p90": 10, "p95": 20, "p99": 100, "p99.9": 1000}
"""Percentile → the number of requests from which at least one lies above it."""


def columns_of(page: str) -> list[tuple[list[str], list[list[str]]]]:
    """Take the tables of percentiles: the heads of each, and its rows of cells."""
    found = []
    for table in re.findall(r"<table.*?</table>", page, flags=re.DOTALL):
        if "<th>p99.9</th>" in table:
            rows = re.findall(r"<tr>(.*?)</tr>", table, flags=re.DOTALL)
            cells = [[text_of(each).strip() for each in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]
            found.append((cells[0], cells[1:]))
    return found


def test_percentiles_of_few_requests_are_not_printed(tmp_path: Path) -> None:
    names = {"a": 15, "b": 165, "c": 999, "d": 1000}

    def few(run: Run, rng: np.random.Generator) -> Made:
        return steady(run, rng) | {"requests": float(names[run.experiment])}

    text = "baselines: false\ndefaults: {repeats: 2}\nexperiments: {a: {}, b: {}, c: {}, d: {}}\nhypotheses:\n"
    for name in names:
        test = f'value: {{of: {name}, metric: p99.9}}, expect: "< 1s"'
        text += f"  tail-{name}: {{claim: The tail is short, {test}}}\n"
    campaign = make_campaign(tmp_path, text, few)
    shown = dict(zip(names, columns_of(render(campaign)), strict=True))
    judged = {each.id: each for each in campaign.hypotheses}
    for name, requests in names.items():
        heads, rows = shown[name]
        assert rows
        for row in rows:
            stated = dict(zip(heads, row, strict=True))
            assert stated["max"] != "–"
            for percentile, enough in PERCENTILES.items():
                assert (stated[percentile] == "–") == (requests < enough), (name, stated)
        assert ("too few requests for p99.9" in judged[f"tail-{name}"].evidence) == (requests < 1000)
        assert (campaign.interval_of(name, "p99_9_ms") is None) == (requests < 1000)


def test_shares_above_one_are_explained_wherever_they_are_printed(tmp_path: Path) -> None:
    def beyond(run: Run, rng: np.random.Generator) -> Made:
        if run.experiment.startswith("ceiling@"):
            return {"throughput": 800.0, "response_s": 50 / 800, "generator_cpu": [0.97]}
        return steady(run, rng) | {"generator_cpu": [0.97], "server_cpu": 1.1}

    text = "defaults: {repeats: 2, probe: false}\nexperiments: {one: {}}\nhypotheses:\n"
    text += "  cpu: {claim: The CPU is full, bottleneck: one, expect: server CPU}\n"
    campaign = make_campaign(tmp_path, text, beyond)
    page = render(campaign)
    verdicts, experiments, baselines = (section(page, name) for name in ("verdicts", "experiments", "baselines"))
    assert re.search(r"X/ceiling reaches 1\.2\d: the generator sent more", verdicts)
    assert "u_server reaches 1.10: the samples of CPU time are off by as much" in verdicts
    assert experiments.count("; above 1: ") == sum(value >= 1.005 for value in shares_of(campaign)) >= 2
    assert re.search(r"800 .* but an experiment sent (9\d\d|1,0\d\d): the ceiling is higher", baselines)
    assert "u_server = 1.10 (above 1: the samples" in campaign.hypotheses[0].evidence


def shares_of(campaign: Campaign) -> list[float]:
    """Average each share of the first experiment over its runs."""
    runs = [run for run in campaign.verdicts.runs if run.experiment == campaign.experiments[0]]
    names = [each.signal for each in runs[0].evidence if each.signal.startswith(("u_", "X/ceiling"))]
    return [float(np.mean([e.value for run in runs for e in run.evidence if e.signal == name])) for name in names]


def test_busy_machine_is_not_called_idle(tmp_path: Path) -> None:
    def crowded(run: Run, rng: np.random.Generator) -> Made:
        return steady(run, rng) | {"generator_cpu": [0.5], "host_busy": 1.0}

    campaign = make_campaign(tmp_path, "defaults: {repeats: 2, probe: false}\nexperiments: {one: {}}\n", crowded)
    shown = section(render(campaign), "baselines")
    assert "100 %" in shown
    assert "nothing was at its limit" not in shown
    assert "no: the machine's CPUs were all busy before a Locust worker was" in shown
