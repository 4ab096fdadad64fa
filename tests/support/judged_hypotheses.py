"""Made-up campaigns of a few endpoints, and their hypotheses judged."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from loadstone.analyse.agreement import agree_by_experiment
from loadstone.analyse.campaign import MeasuredCampaign
from loadstone.analyse.hypotheses import judge_hypotheses
from loadstone.figures.read import read_rows_if_valid
from loadstone.plan.schedule import Run, make_plan
from loadstone.results.hypotheses import JudgedHypotheses, JudgedHypothesis
from loadstone.results.json_file import to_json
from loadstone.results.signals import Signals
from loadstone.results.tables import ENDPOINT_COLUMNS
from loadstone.results.verdicts import CampaignVerdicts, Evidence, Judgement, RunVerdict
from loadstone.suite.load import load_suite
from loadstone.suite.verdict import Verdict
from tests.conftest import ROOT
from tests.support.example_signals import EAGER

Judge = Callable[..., JudgedHypothesis]
Behaviour = Callable[[Run, str, np.random.Generator], Mapping[str, float]]
"""From a run and an endpoint to what its row says beside throughput 1000 and mean 10 ms."""

PUBLISHED = ROOT / "config" / "published.csv"
ENDPOINTS = ("all", "GET /albums", "GET /albums/<id>", "POST /albums")


def plain(run: Run, endpoint: str, rng: np.random.Generator) -> Mapping[str, float]:
    return {"mean_ms": 10 * float(rng.lognormal(0, 0.01))}


def judge_all(
    folder: Path,
    suite: str,
    behaviour: Behaviour = plain,
    *,
    verdicts: Mapping[tuple[str, int], str] | None = None,
    signals: Mapping[str, Any] | None = None,
    published: Path | None = None,
) -> tuple[JudgedHypothesis, ...]:
    """Make up a campaign of a suite and judge its hypotheses."""
    path = folder / "suite.yaml"
    path.write_text(suite, encoding="utf-8")
    (folder / "published.csv").write_text(PUBLISHED.read_text(encoding="utf-8"), encoding="utf-8")
    plan = make_plan(load_suite(path))
    rng = np.random.default_rng(6)
    base = dict.fromkeys(ENDPOINT_COLUMNS, math.nan) | {"requests": 1000, "failures": 0}
    base |= {"throughput_rps": 1000.0, "goodput_rps": 1000.0}
    rows = [
        {
            **base,
            "experiment": run.experiment,
            "repeat": run.repeat,
            "endpoint": endpoint,
            **behaviour(run, endpoint, rng),
        }
        for run in plan.runs
        for endpoint in ENDPOINTS
    ]
    keys = [(run.experiment, run.repeat) for run in plan.runs]
    measured = MeasuredCampaign(
        plan=plan,
        summary=pd.DataFrame(rows),
        signals={key: Signals(**(EAGER | dict(signals or {}))) for key in keys},
        windows={},
    )
    processes = pd.DataFrame(
        [(*key, "load-worker", 900.0, 100.0) for key in keys for _ in range(2)],
        columns=["experiment", "repeat", "role", "voluntary_per_s", "involuntary_per_s"],
    )
    of_runs = {
        run: judgement(name) for run, name in (dict.fromkeys(keys, "no clear limit") | dict(verdicts or {})).items()
    }
    judged = CampaignVerdicts(
        experiments=agree_by_experiment(of_runs, dict.fromkeys(of_runs, 1.0)),
        runs=tuple(RunVerdict.of(*each) for each in of_runs.items()),
    )
    hypotheses = judge_hypotheses(measured, processes, judged, read_rows_if_valid(published))
    assert JudgedHypotheses.model_validate_json(to_json(hypotheses), strict=True) == hypotheses
    assert all(len(answer.evidence.splitlines()) == 1 for answer in hypotheses.root)
    return hypotheses.root


def judgement(verdict: str) -> Judgement:
    """Make up the judgement on a run whose users spend 97 % of their time waiting."""
    waiting = Evidence(signal="u_think", value=0.97, unit="", limit=0.9, meaning="")
    return Judgement(
        verdict=Verdict(verdict),
        parties=(),
        also=None,
        evidence=(waiting,),
        runner_up=None,
        remark=None,
        probe="",
        missing=(),
    )


def factor(**factors: float) -> Behaviour:
    """Behave so that an experiment's mean is so many times 10 ms, give or take one per cent."""
    return lambda run, _, rng: {"mean_ms": 10 * factors.get(run.experiment, 1.0) * float(rng.lognormal(0, 0.01))}
