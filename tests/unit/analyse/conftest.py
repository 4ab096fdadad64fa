"""What tests of the analysis share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadstone.plan.schedule import make_plan
from loadstone.results.hypotheses import JudgedHypothesis
from loadstone.suite.load import load_suite
from tests.support.judged_hypotheses import Behaviour, Judge, judge_all, plain
from tests.support.judged_runs import Planned


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Make up a campaign of a suite with one hypothesis, judge it and return what came out."""

    def judged(
        hypothesis: str,
        behaviour: Behaviour = plain,
        *,
        suite: str = "baselines: false\nexperiments: {a: {}, b: {}}",
        **others: Any,
    ) -> JudgedHypothesis:
        text = f"{suite}\nhypotheses: {{h: {{claim: A claim., {hypothesis}}}}}\n"
        [answer] = judge_all(tmp_path, text, behaviour, **others)
        return answer

    return judged


@pytest.fixture
def planned(write_suite: Callable[[str], Path]) -> Planned:
    return lambda text: make_plan(load_suite(write_suite(text)))
