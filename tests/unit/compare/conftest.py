"""Campaigns to be compared."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadstone.plan.schedule import make_plan
from loadstone.suite.load import load_suite
from tests.support.comparisons import SUITE, Behave, Make, alike, write_campaign


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
