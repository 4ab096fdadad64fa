"""The runs and capacity searches of a plan, each with its state: done, running, left or failed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from loadstone.errors import ResultError
from loadstone.live.current_run import CurrentRun
from loadstone.live.estimate import RunTime
from loadstone.live.past_runs import UnfinishedAttempt, read_finished_run, read_unfinished_attempt
from loadstone.live.snakemake_log import PlannedJobs
from loadstone.plan.baselines import is_baseline
from loadstone.plan.probes import probed_experiment
from loadstone.plan.schedule import Plan, Run
from loadstone.results.search import read_search
from loadstone.suite.capacity import Search

State = Literal["done", "running", "left", "failed"]
Kind = Literal["experiment", "baseline", "probe", "search"]
ItemKey = tuple[Kind, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanItem:
    """A run of the plan, or a capacity search."""

    kind: Kind
    name: str
    repeat: int
    """1 for a search."""
    expected_s: float
    state: State
    note: str = ""
    """A remark on the state; empty if there is none."""
    stored: float = 0.0
    """When its result or its failure was stored (unix seconds); 0 if neither was."""
    kept: str = ""
    """The folder of what it had recorded, if it failed."""


@dataclass(frozen=True, slots=True)
class PlanState:
    """The whole plan."""

    items: tuple[PlanItem, ...]
    """In the plan's order, searches last."""
    run_times: tuple[RunTime, ...]
    """Of the runs that the last campaign finished."""


def find_plan_state(plan: Plan, results: Path, campaign: PlannedJobs | None, current: CurrentRun | None) -> PlanState:
    """Find the state of each run and search of `plan`.

    A run is done if its result was measured with the plan's present values. Results from before Snakemake's last
    campaign may be outdated, since the code may have changed. That campaign planned a number of jobs; the jobs that
    nothing else explains are attributed to the oldest results, which then count as left.
    """
    campaign_began = campaign.began if campaign else 0.0
    runs: dict[ItemKey, PlanItem] = {}
    run_times: list[RunTime] = []
    for run in plan.runs:
        item, run_time = _find_run(run, results, campaign_began, current)
        runs[item.kind, item.name, item.repeat] = item
        if run_time is not None and item.stored >= campaign_began:
            run_times.append(run_time)
    searches: dict[ItemKey, PlanItem] = {
        ("search", name, 1): _find_search(name, search, results, campaign_began, current)
        for name, search in plan.suite.capacity.items()
    }
    if campaign is not None:
        runs |= _find_outdated(runs, campaign_began, campaign.runs)
        searches |= _find_outdated(searches, campaign_began, campaign.searches)
    return PlanState((*runs.values(), *searches.values()), tuple(run_times))


def _find_run(
    run: Run, results: Path, campaign_began: float, current: CurrentRun | None
) -> tuple[PlanItem, RunTime | None]:
    values = run.model_dump_json()
    item = PlanItem(kind=_kind_of(run), name=run.experiment, repeat=run.repeat, expected_s=run.expected_s, state="left")
    if current is not None and current.search is None and current.status.run.model_dump_json() == values:
        return replace(item, state="running"), None
    place = Path(run.experiment) / str(run.repeat)
    finished = read_finished_run(results / "runs" / place)
    if finished is not None and finished.values == values:
        done = replace(item, state="done", stored=finished.stored)
        return done, RunTime(finished.began, finished.ended, run.expected_s)
    attempt = read_unfinished_attempt(log_of(results, item), results / "failed" / place)
    if attempt is not None:
        return _mark_unfinished(item, attempt, campaign_began), None
    return replace(item, note="measured earlier with other settings" if finished else ""), None


def _find_search(
    name: str, search: Search, results: Path, campaign_began: float, current: CurrentRun | None
) -> PlanItem:
    item = PlanItem(kind="search", name=name, repeat=1, expected_s=search.expected_s, state="left")
    if current is not None and current.search == name:
        step = current.status.run
        rate = f" at {step.load.arrivals.rate:g} arrivals/s" if step.load.arrivals else ""
        return replace(item, state="running", note=f"step {step.repeat} of about {search.expected_probes}{rate}")
    path = results / "searches" / name / "search.json"
    try:
        result, stored = read_search(path), path.stat().st_mtime
    except (OSError, ResultError):
        attempt = read_unfinished_attempt(log_of(results, item), results / "failed" / name)
        return item if attempt is None else _mark_unfinished(item, attempt, campaign_began)
    if result.slo != search.slo:
        return replace(item, note="searched earlier for another objective")
    return replace(item, state="done", stored=stored, note=result.sentence)


def log_of(results: Path, item: PlanItem) -> Path:
    """Return the path of the log to which a run or a search writes."""
    folder = results / "logs"
    return (
        folder / "searches" / f"{item.name}.log" if item.kind == "search" else folder / item.name / f"{item.repeat}.log"
    )


def _mark_unfinished(item: PlanItem, attempt: UnfinishedAttempt, campaign_began: float) -> PlanItem:
    """Mark as failed what broke in the last campaign. What was stopped, or will be tried again, is left."""
    if attempt.stopped:
        return replace(item, note=attempt.reason)
    if attempt.when < campaign_began:
        return replace(item, note=f"failed in an earlier campaign: {attempt.reason}")
    return replace(item, state="failed", note=attempt.reason, stored=attempt.when, kept=str(attempt.kept))


def _find_outdated(
    items: Mapping[ItemKey, PlanItem], campaign_began: float, jobs: int
) -> Iterator[tuple[ItemKey, PlanItem]]:
    """Yield the oldest results, now as left: as many as the campaign has jobs that nothing else explains."""
    old = [(key, item) for key, item in items.items() if item.state == "done" and item.stored < campaign_began]
    old.sort(key=lambda entry: entry[1].stored)
    for key, item in old[: max(0, jobs - (len(items) - len(old)))]:
        yield key, replace(item, state="left", note="measured earlier with other code", stored=0.0)


def _kind_of(run: Run) -> Kind:
    if is_baseline(run.experiment):
        return "baseline"
    return "probe" if probed_experiment(run.experiment) else "experiment"


def count_items(items: Iterable[PlanItem], state: State) -> int:
    """Count the items in a state."""
    return sum(item.state == state for item in items)
