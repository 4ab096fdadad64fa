"""What a plan has to measure, each with what became of it: done, running, left or failed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from loadstone.live.estimate import Took
from loadstone.live.history import Broken, Campaign, broken_attempt, finished_run
from loadstone.live.running import Running
from loadstone.plan.baselines import PROBE, is_baseline
from loadstone.plan.schedule import Plan, Run
from loadstone.results.search import Found
from loadstone.suite.capacity import Search

State = Literal["done", "running", "left", "failed"]
Kind = Literal["experiment", "baseline", "probe", "search"]
Place = tuple[Kind, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A run of the plan, or a search."""

    kind: Kind
    name: str
    repeat: int
    """1 for a search."""
    expected_s: float
    state: State
    note: str = ""
    """What is to be said of it beyond that."""
    stored: float = 0.0
    """When its result was, or its failure; 0 where there is none."""
    kept: str = ""
    """Folder of what it had recorded, where it failed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The whole plan."""

    items: tuple[Item, ...]
    """In the plan's order, searches last."""
    took: tuple[Took, ...]
    """Runs of the last campaign that are over."""


def outcome(plan: Plan, results: Path, campaign: Campaign | None, running: Running | None) -> Outcome:
    """Find out what became of each run and search of `plan`.

    A run is done where its result was measured with the values that the plan has now. Of results from before
    Snakemake's last campaign, as many as that found it had to measure again, though their values are right, are left:
    the oldest ones, since the code has changed since.
    """
    began = campaign.began if campaign else 0.0
    runs: dict[Place, Item] = {}
    took: list[Took] = []
    for run in plan.runs:
        item, over = _run_item(run, results, began, running)
        runs[item.kind, item.name, item.repeat] = item
        if over is not None and item.stored >= began:
            took.append(over)
    searches: dict[Place, Item] = {
        ("search", name, 1): _search_item(name, search, results, began, running)
        for name, search in plan.suite.capacity.items()
    }
    if campaign is not None:
        runs |= _outdated(runs, began, campaign.runs)
        searches |= _outdated(searches, began, campaign.searches)
    return Outcome((*runs.values(), *searches.values()), tuple(took))


def _run_item(run: Run, results: Path, began: float, running: Running | None) -> tuple[Item, Took | None]:
    values = run.model_dump_json()
    item = Item(kind=_kind(run), name=run.experiment, repeat=run.repeat, expected_s=run.expected_s, state="left")
    if running is not None and running.search is None and running.status.run.model_dump_json() == values:
        return replace(item, state="running"), None
    place = Path(run.experiment) / str(run.repeat)
    finished = finished_run(results / "runs" / place)
    if finished is not None and finished.values == values:
        done = replace(item, state="done", stored=finished.stored)
        return done, Took(finished.began, finished.ended, run.expected_s)
    broken = broken_attempt(results / "logs" / f"{place}.log", results / "failed" / place)
    if broken is not None:
        return _broken(item, broken, began), None
    return replace(item, note="was measured with other values" if finished else ""), None


def _search_item(name: str, search: Search, results: Path, began: float, running: Running | None) -> Item:
    item = Item(kind="search", name=name, repeat=1, expected_s=search.expected_s, state="left")
    if running is not None and running.search == name:
        probe = running.status.run
        rate = f" at {probe.load.arrivals.rate:g} arrivals/s" if probe.load.arrivals else ""
        return replace(item, state="running", note=f"probe {probe.repeat} of about {search.expected_probes}{rate}")
    path = results / "searches" / name / "search.json"
    try:
        found, stored = Found.model_validate_json(path.read_bytes()), path.stat().st_mtime
    except (OSError, ValidationError):
        broken = broken_attempt(results / "logs" / "searches" / f"{name}.log", results / "failed" / name)
        return item if broken is None else _broken(item, broken, began)
    if found.slo != search.slo:
        return replace(item, note="was made for another objective")
    return replace(item, state="done", stored=stored, note=found.sentence)


def _broken(item: Item, broken: Broken, began: float) -> Item:
    """Count as failed what broke in the last campaign, not what somebody stopped or what is due to be tried again."""
    if broken.stopped:
        return replace(item, note=broken.words)
    if broken.when < began:
        return replace(item, note=f"broke earlier: {broken.words}")
    return replace(item, state="failed", note=broken.words, stored=broken.when, kept=str(broken.kept))


def _outdated(items: Mapping[Place, Item], began: float, jobs: int) -> Iterator[tuple[Place, Item]]:
    """Take back the oldest results, as many as the campaign has jobs that nothing else accounts for."""
    old = [(place, item) for place, item in items.items() if item.state == "done" and item.stored < began]
    old.sort(key=lambda known: known[1].stored)
    for place, item in old[: max(0, jobs - (len(items) - len(old)))]:
        yield place, replace(item, state="left", note="was measured with other code", stored=0.0)


def _kind(run: Run) -> Kind:
    if is_baseline(run.experiment):
        return "baseline"
    return "probe" if run.experiment.endswith(PROBE) else "experiment"


def count(items: Iterable[Item], state: State) -> int:
    """Count those in a state."""
    return sum(item.state == state for item in items)
