"""The page's own statements against its data: whatever it states in one place, no other place contradicts."""

import re
from pathlib import Path

import numpy as np

from loadstone.plan.schedule import Run
from loadstone.report.page import render
from tests.support.made_up import Made, make_campaign, steady
from tests.support.page_parts import text_of

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
