"""All that the live view shows, from the files of a campaign: a function of them and of the time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from loadstone.live.estimate import extra_s, time_left_s
from loadstone.live.history import last_campaign
from loadstone.live.items import Item, count, outcome
from loadstone.live.plans import Known
from loadstone.live.running import Alive, Running, find_running, last_answers, process_exists
from loadstone.plan.schedule import Run
from loadstone.suite.settings import GunicornServer

BETWEEN_S = 20.0
"""So long after a run the next one is still expected to begin."""
HEARD_S = 3.0
"""Figures older than this are not shown as those of the last second."""

ROLES = {
    "server-worker": "Server workers",
    "server-master": "Server master",
    "load-worker": "Locust workers",
    "load-master": "Locust master",
    "host": "Whole machine",
}


@dataclass(frozen=True, slots=True)
class Cpu:
    """What a role uses."""

    role: str
    cpus: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """The run under way."""

    name: str
    repeat: int
    search: str | None
    in_plan: bool
    users: int
    load_workers: int
    server_workers: int | None
    phase: str
    phase_s: float
    """Seconds since it began."""
    phase_length_s: float | None
    """How long it is, where that is known."""
    elapsed_s: float
    expected_s: float
    """Of the whole run, going by what others took."""
    silent_s: float
    """Seconds since it last reported."""
    requests: int
    failures: int
    rps: float | None
    """The last second's; None while there is no load. So are the next four."""
    answers: int | None
    failed_answers: int | None
    mean_ms: float | None
    p95_ms: float | None
    rates: tuple[tuple[float, float], ...]
    """Seconds since the run's begin, and requests/s."""
    window: tuple[float, float] | None
    """Begin and planned end of the window, in the same seconds."""
    cpu: tuple[Cpu, ...]
    cores: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The page's contents."""

    time: float
    source: str
    """Where the plan is from."""
    problems: tuple[str, ...]
    """What is wrong with the suite, a sentence each."""
    state: Literal["empty", "idle", "measuring", "between", "over"]
    """No plan; nothing under way; a run; the moment between two; all that can be had is there."""
    sentence: str
    done: int
    running: int
    left: int
    failed: int
    share: float
    """How much of the campaign is over, by expected time."""
    share_failed: float
    share_running: float
    left_s: float
    """How much longer measuring takes, or would take."""
    items: tuple[Item, ...]
    current: Current | None


def take_snapshot(results: Path, known: Known, now: float, alive: Alive = process_exists) -> Snapshot:
    """Read what the files in `results` say of the plan at the time `now` (unix seconds)."""
    running = find_running(results, now, alive)
    campaign = last_campaign(results.resolve().parent, known.suite)
    found = outcome(known.plan, results, campaign, running) if known.plan else None
    items = found.items if found else ()
    mine = next((item for item in items if item.state == "running"), None)
    extra = extra_s(found.took if found else (), running.status.began if mine and running else None)
    current = _current(running, now, extra, in_plan=mine is not None) if running else None
    left = [item.expected_s for item in items if item.state == "left"]
    total = sum(item.expected_s for item in items) or 1.0
    state = _state(items, running, now)
    return Snapshot(
        time=now,
        source=known.source,
        problems=known.problems,
        state=state,
        sentence=_sentence(state, items, current),
        done=count(items, "done"),
        running=count(items, "running"),
        left=len(left),
        failed=count(items, "failed"),
        share=sum(item.expected_s for item in items if item.state == "done") / total,
        share_failed=sum(item.expected_s for item in items if item.state == "failed") / total,
        share_running=_progress(mine, running, now) / total if mine and running else 0.0,
        left_s=time_left_s(left, extra, _remaining(mine, running, now) if mine and running else None),
        items=items,
        current=current,
    )


def _remaining(item: Item, running: Running, now: float) -> tuple[float, float]:
    """Tell the expected seconds of what is under way, and the elapsed ones; of a search, from the current probe on."""
    run = running.status.run
    before = (run.repeat - 1) * run.expected_s if running.search else 0.0
    return max(run.expected_s, item.expected_s - before), now - running.status.began


def _progress(item: Item, running: Running, now: float) -> float:
    expected, elapsed = _remaining(item, running, now)
    return min(item.expected_s, item.expected_s - expected + min(expected, elapsed))


def _state(
    items: Sequence[Item], running: Running | None, now: float
) -> Literal["empty", "idle", "measuring", "between", "over"]:
    if running is not None:
        return "measuring"
    if not items:
        return "empty"
    if not count(items, "left"):
        return "over"
    latest = max(item.stored for item in items)
    return "between" if 0 <= now - latest < BETWEEN_S else "idle"


def _sentence(state: str, items: Sequence[Item], current: Current | None) -> str:
    """Sum the campaign up."""
    total, done, failed = len(items), count(items, "done"), count(items, "failed")
    what = "run" if total == 1 else "runs"
    broke = f", {failed} failed" if failed else ""
    if current is not None and not current.in_plan:
        counted = f", of which {done} of {total} {what} are measured{broke}" if total else ""
        return f"The run under way is not in this suite{counted}."
    if not total:
        return "There is no plan to show and nothing is being measured."
    if done == total:
        return "The run is measured." if total == 1 else f"All {total} runs are measured."
    counted = f"{done} of {total} {what} measured{broke}"
    if current is not None:
        return f"{counted}; {current.search or current.name} is being measured."
    more = {"idle": "; nothing is being measured now", "over": "; nothing is left to try"}
    return counted + more.get(state, "") + "."


def _current(running: Running, now: float, extra: float, *, in_plan: bool) -> Current:
    status = running.status
    run = status.run
    loaded = bool(status.rates) and now - status.rates[-1][0] < HEARD_S
    answers = last_answers(running, now) if loaded else None
    begin = status.times.get("window_begin")
    return Current(
        name=run.experiment,
        repeat=run.repeat,
        search=running.search,
        in_plan=in_plan,
        users=run.load.users,
        load_workers=run.load.workers,
        server_workers=run.server.workers if isinstance(run.server, GunicornServer) else None,
        phase=status.phase,
        phase_s=max(0.0, now - status.phase_began),
        phase_length_s=_length_s(status.phase, run),
        elapsed_s=max(0.0, now - status.began),
        expected_s=max(0.0, run.expected_s + extra),
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
        cpu=tuple(Cpu(text, status.cpu[role]) for role, text in ROLES.items() if role in status.cpu) if loaded else (),
        cores=status.cores,
    )


def _length_s(phase: str, run: Run) -> float | None:
    return {"ramp-up": run.load.ramp_up_s, "warm-up": run.warm_up, "window": run.duration}.get(phase)
