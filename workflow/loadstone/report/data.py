"""Everything that the page is made of, read once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from loadstone.analyse.campaign import gather
from loadstone.errors import ResultError
from loadstone.plan import Plan
from loadstone.published import read_published
from loadstone.record import RunRecord, read_record


@dataclass(frozen=True, slots=True)
class Campaign:
    """A suite, its runs, and all tables made of them. Tables lead with the columns experiment and repeat."""

    plan: Plan
    records: list[RunRecord]
    summary: pd.DataFrame
    latency: pd.DataFrame
    course: pd.DataFrame
    processes: pd.DataFrame
    scaling: dict[str, Any]
    verdicts: dict[str, Any]
    published: dict[str, dict[str, float]]
    """Row → column → figure; empty where the suite names none."""

    @property
    def experiments(self) -> list[str]:
        """Names in the order of the page: those that repeat published rows in the order of that table, then by name."""
        names = list(self.plan.suite.experiments)
        wanted = self.plan.suite.published
        if wanted is None:
            return names
        place = {row: number for number, row in enumerate(self.published)}
        return sorted(names, key=lambda name: (place.get(wanted.rows.get(name, ""), len(place)), name))


def load_campaign(plan: Plan, results: Path, published: Path | None) -> Campaign:
    """Read what the earlier stages left in `results`. Raises `ResultError` where something can't be read."""
    runs = sorted(plan.runs, key=lambda run: (run.experiment, run.repeat))
    try:
        summary = pd.read_csv(results / "summary.csv", dtype={"failure_kinds": str})
        scaling = orjson.loads((results / "scaling.json").read_bytes())
        verdicts = orjson.loads((results / "verdicts.json").read_bytes())
    except (OSError, ValueError) as error:
        raise ResultError(f"{results}: can't be read: {str(error).splitlines()[0]}") from None
    return Campaign(
        plan=plan,
        records=[read_record(results / "runs" / run.experiment / str(run.repeat) / "run.json") for run in runs],
        summary=summary,
        latency=gather(plan, results / "summaries", "latency"),
        course=gather(plan, results / "summaries", "course"),
        processes=gather(plan, results / "summaries", "processes"),
        scaling=scaling,
        verdicts=verdicts,
        published={} if published is None else read_published(published),
    )
