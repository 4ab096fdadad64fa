"""What the live view shows: a snapshot of a campaign, computed from its files and the time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from loadstone.lifecycle.campaign_lock import find_running
from loadstone.live.current_run import (
    CurrentRun,
    IsAlive,
    find_current_run,
    process_exists,
    read_recent_answers,
)
from loadstone.live.estimate import estimate_extra_s, estimate_time_left_s
from loadstone.live.plan_items import PlanItem, count_items, find_plan_state
from loadstone.live.plan_source import ShownPlan
from loadstone.live.results_so_far import ResultSoFar, ResultsSoFar
from loadstone.live.snakemake_log import find_last_campaign
from loadstone.live.waiting import WaitingRun, find_other_measurement, find_waiting
from loadstone.plan.schedule import Run

MAX_GAP_S = 20.0
"""Seconds after a run in which the next one is still expected to begin."""
MAX_AGE_S = 3.0
"""Seconds after which figures no longer count as those of the last second."""

ROLE_NAMES = {
    "server-worker": "Server workers",
    "server-master": "Server master",
    "load-worker": "Locust workers",
    "load-master": "Locust master",
    "host": "Whole machine",
}

QUIET_PHASES = ("starting", "starting the server", "collecting")
"""Phases of a run without any load."""

CampaignState = Literal["empty", "idle", "waiting", "measuring", "between", "finishing", "over"]
"""No plan; nothing is measured; the next run waits for another measurement; a run is measured; the pause between two
runs; no run is left, and the results are being computed; the campaign is over."""


ENDINGS = {
    "idle": "; no run is being measured now",
    "waiting": "; the next one waits for another measurement on this machine",
    "finishing": "; no run is left, and the results are being computed",
    "over": "; no run is left",
}
"""State → the end of the sentence that counts the runs."""
REPORT = Path("report") / "index.html"
"""The report, in the campaign's folder."""


@dataclass(frozen=True, slots=True)
class RoleCpu:
    """CPUs that a role used in the last second."""

    role: str
    cpus: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentFigures:
    """The run that is being measured. Figures of the last second are None while there is no load."""

    name: str
    repeat: int
    search: str | None
    in_plan: bool
    users: int
    load_workers: int
    server_workers: int | None
    """None if unknown, as for any server but the built-in one."""
    phase: str
    phase_s: float
    """Seconds since the phase began."""
    phase_length_s: float | None
    """Length of the phase, if the run's configuration fixes it."""
    elapsed_s: float
    expected_s: float
    """Seconds that the whole run is expected to take, as far as earlier runs show."""
    silent_s: float
    """Seconds since the run last reported."""
    requests: int
    failures: int
    rps: float | None
    """Requests/s in the last second."""
    answers: int | None
    """Answers in the last second."""
    failed_answers: int | None
    mean_ms: float | None
    p95_ms: float | None
    rates: tuple[tuple[float, float], ...]
    """(seconds since the run began, requests/s)."""
    window: tuple[float, float] | None
    """Begin and planned end of the window, in seconds since the run began."""
    cpu: tuple[RoleCpu, ...]
    cores: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The content of the page, and of `/snapshot.json`."""

    time: float
    """Unix seconds."""
    source: str
    """The file that the plan comes from."""
    problems: tuple[str, ...]
    """What is wrong with the suite, one sentence each."""
    state: CampaignState
    sentence: str
    done: int
    running: int
    left: int
    failed: int
    share: float
    """Share of the campaign that is done, by expected time."""
    share_failed: float
    share_running: float
    left_s: float
    """Seconds until all runs are measured, from now on or once measuring begins."""
    ends: float | None
    """When all runs will be measured (unix seconds), while runs are measured."""
    waiting: WaitingRun | None
    """The run that waits for another measurement on this machine."""
    report: str
    """Path of the report; empty until the campaign is over and it has been written."""
    results: tuple[ResultSoFar, ...]
    """What finished runs came to."""
    items: tuple[PlanItem, ...]
    current: CurrentFigures | None


def take_snapshot(
    results: Path,
    shown: ShownPlan,
    now: float,
    is_alive: IsAlive = process_exists,
    results_so_far: ResultsSoFar | None = None,
) -> Snapshot:
    """Compare the files in `results` with the plan, at the time `now` (unix seconds).

    Without `results_so_far`, there are no results of finished runs in it.
    """
    folder = results.resolve().parent
    current_run = find_current_run(results, now, is_alive)
    campaign = find_last_campaign(folder, shown.suite)
    plan_state = find_plan_state(shown.plan, results, campaign, current_run) if shown.plan else None
    items = plan_state.items if plan_state else ()
    waiting = find_waiting(results, items, now) if current_run is None else None
    running_item = next((item for item in items if item.state == "running"), None)
    extra_s = estimate_extra_s(
        plan_state.run_times if plan_state else (), current_run.status.began if running_item and current_run else None
    )
    current = _figures(current_run, now, extra_s, in_plan=running_item is not None) if current_run else None
    progress = _progress(running_item, current_run, now) if running_item and current_run else None
    left = [item.expected_s for item in items if item.state == "left"]
    total = sum(item.expected_s for item in items) or 1.0
    state = _campaign_state(
        items, current_run, waiting, now, is_running=find_running(folder / ".snakemake") is not None
    )
    left_s = estimate_time_left_s(left, extra_s, progress)
    quiet = _is_quiet(current_run, waiting, folder, is_alive)
    found = results_so_far.update(shown.plan, items, quiet=quiet) if results_so_far and shown.plan else ()
    return Snapshot(
        time=now,
        source=shown.source,
        problems=shown.problems,
        state=state,
        sentence=_summarise(state, items, current),
        done=count_items(items, "done"),
        running=count_items(items, "running"),
        left=len(left),
        failed=count_items(items, "failed"),
        share=sum(item.expected_s for item in items if item.state == "done") / total,
        share_failed=sum(item.expected_s for item in items if item.state == "failed") / total,
        share_running=_share_done(running_item, progress) / total if running_item and progress else 0.0,
        left_s=left_s,
        ends=now + left_s if state in ("measuring", "between") and items else None,
        waiting=waiting,
        report=_find_report(folder, items) if state == "over" else "",
        results=found,
        items=items,
        current=current,
    )


def _progress(item: PlanItem, current: CurrentRun, now: float) -> tuple[float, float]:
    """Return expected and elapsed seconds of the running item; of a capacity search, from its current step on."""
    run = current.status.run
    earlier_steps_s = (run.repeat - 1) * run.expected_s if current.search else 0.0
    return max(run.expected_s, item.expected_s - earlier_steps_s), now - current.status.began


def _share_done(item: PlanItem, progress: tuple[float, float]) -> float:
    """Return how many of the running item's expected seconds are over."""
    expected_s, elapsed_s = progress
    return min(item.expected_s, item.expected_s - expected_s + min(expected_s, elapsed_s))


def _campaign_state(
    items: Sequence[PlanItem], current: CurrentRun | None, waiting: WaitingRun | None, now: float, *, is_running: bool
) -> CampaignState:
    """Tell the state of a campaign; `is_running` is whether a Snakemake process runs jobs in its folder."""
    if current is not None:
        return "measuring"
    if waiting is not None:
        return "waiting"
    if not items:
        return "empty"
    if not count_items(items, "left"):
        return "finishing" if is_running else "over"
    latest = max(item.stored for item in items)
    return "between" if is_running or 0 <= now - latest < MAX_GAP_S else "idle"


def _is_quiet(current: CurrentRun | None, waiting: WaitingRun | None, folder: Path, is_alive: IsAlive) -> bool:
    """Whether no measurement on this machine is under load now, as far as can be seen."""
    if current is not None:
        return current.status.phase in QUIET_PHASES
    return waiting is None and find_other_measurement(folder, is_alive) is None


def _find_report(folder: Path, items: Sequence[PlanItem]) -> str:
    """Return the path of the report if it is newer than all runs; empty if there is none."""
    page = folder / REPORT
    try:
        written = page.stat().st_mtime
    except OSError:
        return ""
    return str(page) if written >= max(item.stored for item in items) else ""


def _summarise(state: CampaignState, items: Sequence[PlanItem], current: CurrentFigures | None) -> str:
    """Write the campaign's state as one or two sentences."""
    total, done, failed = len(items), count_items(items, "done"), count_items(items, "failed")
    counts = f"{done} of {total} {'run' if total == 1 else 'runs'} measured" + f", {failed} failed" * bool(failed)
    if current is not None and not current.in_plan:
        return "The current run is not in this suite." + f" Of this suite: {counts}." * bool(total)
    if not total:
        return "There is no plan, and no run is being measured."
    if done == total:
        whole = "The run is measured" if total == 1 else f"All {total} runs are measured"
        return f"{whole}; the results are being computed." if state == "finishing" else f"{whole}."
    if current is not None:
        return f"{counts}; {current.search or current.name} is being measured."
    return counts + ENDINGS.get(state, "") + "."


def _figures(current: CurrentRun, now: float, extra_s: float, *, in_plan: bool) -> CurrentFigures:
    status = current.status
    run = status.run
    loaded = bool(status.rates) and now - status.rates[-1][0] < MAX_AGE_S
    answers = read_recent_answers(current, now) if loaded else None
    begin = status.times.get("window_begin")
    cpu = tuple(RoleCpu(name, status.cpu[role]) for role, name in ROLE_NAMES.items() if role in status.cpu)
    return CurrentFigures(
        name=run.experiment,
        repeat=run.repeat,
        search=current.search,
        in_plan=in_plan,
        users=run.load.users,
        load_workers=run.load.workers,
        server_workers=run.server.workers,
        phase=status.phase,
        phase_s=max(0.0, now - status.phase_began),
        phase_length_s=_phase_length_s(status.phase, run),
        elapsed_s=max(0.0, now - status.began),
        expected_s=max(0.0, run.expected_s + extra_s),
        silent_s=max(0.0, now - status.time),
        requests=status.requests,
        failures=status.failures,
        rps=status.rates[-1][1] if loaded else None,
        answers=answers.count if answers else None,
        failed_answers=answers.failed if answers else None,
        mean_ms=answers.mean_ms if answers else None,
        p95_ms=answers.p95_ms if answers else None,
        rates=tuple((round(when - status.began, 1), rate) for when, rate in status.rates),
        window=None if begin is None else (begin - status.began, begin - status.began + run.duration),
        cpu=cpu if loaded else (),
        cores=status.cores,
    )


def _phase_length_s(phase: str, run: Run) -> float | None:
    return {"ramp-up": run.load.ramp_up_s, "warm-up": run.warm_up, "window": run.duration}.get(phase)
