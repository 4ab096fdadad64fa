"""Drive a campaign: start the workflow, show its progress and its failures, and state how it ended."""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loadstone.drive.child import Workflow, now, time_of_day
from loadstone.drive.display import Display
from loadstone.drive.lines import write_finished, write_state, write_waiting
from loadstone.errors import Interrupted, MeasureError
from loadstone.live.plan_items import ItemKey
from loadstone.live.plan_source import GrantedRuns, ShownPlan
from loadstone.live.snapshot import Snapshot, take_snapshot
from loadstone.plan.schedule import Plan
from loadstone.text import printable, several

RESULTS = Path("results")
LOG = RESULTS / "logs" / "campaign.log"
"""Snakemake's whole output."""
POLL_S = 0.2
LOOK_S = 1.0
"""Seconds between two looks at the results."""
PREFIX = "loadstone: "
"""How the lines begin that a stage prints for the user."""
ERROR = re.compile(r"Error in rule (.+), see (.+)")
"""The line per failed job (see `loadstone.lifecycle.short_log`)."""
NOISE = "noise check: "
"""How the line about the machine's noise begins, which comes before the first run."""
WAITING = ": waiting for another measurement on this machine"
MAX_QUOTED = 12
"""Lines of Snakemake's output that are shown if it fails without a line of Loadstone's."""


@dataclass(slots=True)
class _Watch:
    """What has been seen of a campaign so far."""

    sure: ShownPlan
    granted: GrantedRuns
    display: Display
    failures: list[str] = field(default_factory=list)
    explained: bool = False
    """Whether a line of a stage has come since the last failed job: it explains the next one."""
    waiting: bool = False
    """Whether the next run waits for another measurement."""
    holder: str = ""
    """The measurement for which a run waited last, as it was reported."""
    last_output: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_QUOTED))
    done: set[ItemKey] | None = None
    snapshot: Snapshot | None = None
    next_look: float = 0.0

    def read(self, line: str, *, stopping: bool) -> None:
        """Show a line of output if it is meant for the user."""
        text = printable(line.strip())
        if text.startswith(PREFIX):
            self.explained = True
            self._report_failure(text, stopping=stopping)
        elif failed := ERROR.fullmatch(text):
            if not self.explained:
                self._report_failure(f"{PREFIX}{failed[1]} failed, see {failed[2]}", stopping=stopping)
            self.explained = False
        elif text.startswith(NOISE):
            self.display.report(text)
        elif WAITING in text:
            self.waiting = True
            holder = text.partition(WAITING)[2].partition(": ")[2]
            if holder != self.holder:  # who holds the machine does not fit into the line
                self.display.report(text)
                self.holder = holder
        elif text:
            self.last_output.append(text)

    def _report_failure(self, text: str, *, stopping: bool) -> None:
        if text not in self.failures and not stopping:
            self.failures.append(text)
            self.display.report(text)

    def look(self, when: float, *, over: bool = False) -> None:
        """Take a snapshot, and show what has changed; once the workflow is `over`, only runs that were finished."""
        if when < self.next_look and not over:
            return
        self.next_look = when + LOOK_S
        shown = self.granted.add_to(self.sure)
        self.snapshot = take_snapshot(RESULTS, shown, when)
        repeats = {} if shown.plan is None else shown.plan.repeats
        done = {(item.kind, item.name, item.repeat): item for item in self.snapshot.items if item.state == "done"}
        if self.done is not None:
            new = [item for key, item in done.items() if key not in self.done]
            first = self.snapshot.done + self.snapshot.failed - len(new) + 1
            for number, item in enumerate(sorted(new, key=lambda item: item.stored), start=first):
                self.display.report_finished(write_finished(item, number, self.snapshot, repeats, time_of_day), when)
        self.done = set(done)
        if self.snapshot.current is not None:
            self.waiting = False
        if over:
            return
        waiting = write_waiting(self.snapshot) if self.waiting else ""
        self.display.show_state(waiting or write_state(self.snapshot, repeats, time_of_day), when)


def run_campaign(suite: Path, plan: Plan, arguments: Sequence[str], display: Display) -> None:
    """Run the workflow with Snakemake's `arguments` in the current folder, and show its progress.

    `plan` holds the runs to count. Raises `Interrupted` after a signal, and `MeasureError` if the workflow fails: each
    failed run has been reported by then.
    """
    watch = _Watch(ShownPlan(plan, str(suite), suite), GrantedRuns(RESULTS), display)
    try:
        with Workflow(arguments, LOG) as workflow:
            code = None
            while code is None:
                code = workflow.poll(POLL_S)
                for line in workflow.read_lines():
                    watch.read(line, stopping=workflow.received is not None)
                if code is None and workflow.received is None:
                    watch.look(now())
        if workflow.received is None:
            watch.look(now(), over=True)
    finally:
        display.close()
    if workflow.received is not None:
        raise Interrupted(_describe_stop(watch, workflow.received.name))
    if code:
        raise MeasureError(_describe_failure(watch))


def _describe_stop(watch: _Watch, name: str) -> str:
    sentence = f"stopped by {name}"
    if watch.snapshot is not None:
        measured = f"{watch.snapshot.done} of {several(len(watch.snapshot.items), 'run')} measured"
        sentence += f": {measured}; the same command goes on from there"
    return sentence


def _describe_failure(watch: _Watch) -> str:
    lines = [] if watch.failures else list(watch.last_output)
    failed = watch.snapshot.failed if watch.snapshot else 0
    what = f"{several(failed, 'run')} failed" if failed else "the campaign is not complete"
    return "\n".join([*lines, f"{what}: the same command runs what is missing; the whole output is in {LOG}"])
