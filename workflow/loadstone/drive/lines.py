"""A campaign's state in one line. Pure: from a snapshot to text."""

from collections.abc import Callable, Mapping

from loadstone.live.plan_items import PlanItem
from loadstone.live.snapshot import CurrentFigures, Snapshot
from loadstone.plan.schedule import Plan
from loadstone.text import count, figure, several, shortened

SEPARATOR = " · "
WIDTH = 79
"""Characters of the line about a run under load: longer names are shortened, so that the campaign's end is in sight."""
MIN_NAME = 12

Clock = Callable[[float], str]
"""Writes a moment in unix seconds as the time of day."""


def write_intent(suite: str, plan: Plan) -> str:
    """State what is about to be measured: `loadstone.yaml: 7 runs, about 2 min`."""
    parts = [several(len(plan.runs), "run")] * bool(plan.runs)
    parts += [several(len(plan.suite.capacity), "capacity search")] * bool(plan.suite.capacity)
    about = f"about {_minutes(plan.expected_s)}"
    if plan.rounds:
        budget = plan.suite.budget
        about += (
            f"; more where results need them, {_minutes(budget)} in all" if budget else "; more where results need them"
        )
    return f"{suite}: {' and '.join(parts) or 'nothing to measure'}, {about}"


def write_state(snapshot: Snapshot, repeats: Mapping[str, int], clock: Clock) -> str:
    """State what happens now: `[37/100] checkout=main 2/4 · 412/s · p95 18 ms · 6 min left, until 16:42`."""
    finished = snapshot.done + snapshot.failed
    total = len(snapshot.items)
    running = next((item for item in snapshot.items if item.state == "running"), None)
    if running is not None and snapshot.current is not None:
        number, figures = f"[{finished + 1}/{total}] ", [*_figures(snapshot.current), _left(snapshot, clock)]
        room = WIDTH - len(number + SEPARATOR.join([_label(running, repeats), *figures])) + len(running.name)
        return number + SEPARATOR.join([_label(running, repeats, max(MIN_NAME, room)), *figures])
    if not snapshot.left:
        return f"[{finished}/{total}] computing results and the report"
    return f"[{finished}/{total}] preparing the next run{SEPARATOR}{_left(snapshot, clock)}"


def write_waiting(snapshot: Snapshot) -> str:
    """State that the next run waits: `[36/100] waiting for another measurement on this machine`."""
    return f"[{snapshot.done + snapshot.failed}/{len(snapshot.items)}] waiting for another measurement on this machine"


def write_finished(item: PlanItem, number: int, snapshot: Snapshot, repeats: Mapping[str, int], clock: Clock) -> str:
    """State that a run is measured: `[37/100] checkout=main 2/4 measured · 6 min left, until 16:42`."""
    what = f"{_label(item, repeats)} measured" if item.kind != "search" else f"{item.name}: {item.note}"
    return SEPARATOR.join([f"[{number}/{len(snapshot.items)}] {what}", *[_left(snapshot, clock)] * bool(snapshot.left)])


def _label(item: PlanItem, repeats: Mapping[str, int], most: int | None = None) -> str:
    name = shortened(item.name, most) if most else item.name
    if item.kind == "search":
        return f"{name} {item.note}".rstrip()
    return f"{name} {item.repeat}/{repeats.get(item.name, item.repeat)}"


def _figures(current: CurrentFigures) -> list[str]:
    """Write the figures of the last second; while there is no load, the phase."""
    if current.rps is None or current.phase == "ramp-up":
        return [current.phase]
    parts = [f"{figure(current.rps)}/s"]
    if current.p95_ms is not None:
        parts.append(f"p95 {figure(current.p95_ms)} ms")
    if current.failures:
        parts.append(f"{count(current.failures)} failed")
    return parts


def _left(snapshot: Snapshot, clock: Clock) -> str:
    left = f"{_minutes(snapshot.left_s)} left"
    return left if snapshot.ends is None else f"{left}, until {clock(snapshot.ends)}"


def _minutes(seconds: float) -> str:
    """Write a time roughly, as estimates are: 40 s, 6 min, 1 h 20 min."""
    if seconds < 90:
        return f"{round(seconds)} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
