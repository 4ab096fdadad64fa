"""Verdicts that are provoked on purpose, on real processes, by the commands that the workflow uses.

A machine of two cores is shared: what else runs on it takes CPUs from the server and from the generator. Verdicts are
therefore provoked strongly, and each is judged with the CPUs that others took during its run. On a quiet machine it has
to be the one provoked. Next to a neighbour it may also be the one that is right for a machine shared like that: see
`is_starved` and `is_crowded`. Where it is neither, and the run was not sound, it is measured again.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from loadstone.plan.schedule import Run, make_plan
from loadstone.suite.load import load_suite
from tests.conftest import processes_of, wait_for
from tests.support.commandline import run_command
from tests.support.neighbours import QUIET, is_crowd, taken_by_others

Start = Callable[[Run], "subprocess.Popen[str]"]

ATTEMPTS = 3
"""Of forty sound runs one is taken for one that never settles, and more where others use the CPUs."""
SATURATED = 0.9
"""Utilisation from which the rules take a resource to be at its limit."""

ONE = "baselines: false\ndefaults: {duration: 3s, warm_up: 1s, repeats: 1}\nexperiments: {provoked: %s}"


@dataclass(frozen=True)
class Judged:
    """The verdict on one run, and what other processes took of the machine meanwhile."""

    run: dict[str, Any]
    """Of verdicts.json."""
    others: float
    """CPUs."""

    @property
    def verdict(self) -> str:
        return str(self.run["verdict"])

    @property
    def is_sound(self) -> bool:
        """Whether nothing but the experiment can have decided the verdict."""
        return self.others < QUIET and self.run["remark"] != "the run never settled"

    def __str__(self) -> str:
        figures = {found["signal"]: round(found["value"], 3) for found in self.run["evidence"]}
        return f"{self.verdict}; others took {self.others:.2f} CPUs; {figures}; {self.run['remark']}"

    def figure(self, signal: str) -> float:
        return float(next(found["value"] for found in self.run["evidence"] if found["signal"] == signal))

    @property
    def is_crowded(self) -> bool:
        """Whether others filled the machine: even processes that hardly need a CPU then wait for one."""
        return is_crowd(self.others)

    def is_kept_from_limit(self, signal: str) -> bool:
        """Whether a process that can use one CPU lacks no more to its limit than others took, and others took much."""
        return self.others >= QUIET and SATURATED - self.figure(signal) <= self.others

    def is_starved(self, signal: str) -> bool:
        """Whether others kept a process from being the limit: one that is nearer to its limit than all but the host.

        The verdict is then right to be *other programs on the machine*, or *the whole machine's CPU* if that is full,
        or to stay open.
        """
        rivals = {"u_server", "u_gen", "u_slot"} & {found["signal"] for found in self.run["evidence"]}
        right = {
            "other programs on the machine",
            "the whole machine's CPU" if self.figure("u_host") >= SATURATED else "no clear limit",
        }
        is_first = all(self.figure(signal) >= self.figure(rival) for rival in rivals)
        return self.verdict in right and is_first and self.is_kept_from_limit(signal)


@dataclass(frozen=True)
class Campaign:
    """All verdicts of a campaign."""

    verdicts: dict[str, Any]
    """The content of verdicts.json."""
    runs: dict[str, Judged]
    """By experiment, baselines too: one run each."""

    def __str__(self) -> str:
        return "\n".join(f"{name}: {run}" for name, run in self.runs.items())


Provoke = Callable[[str, Callable[[Campaign], bool]], Campaign]
ProvokeOne = Callable[[str, Callable[[Judged], bool]], Judged]


@pytest.fixture
def provoke(write_suite: Callable[[str], Path], start_measure: Start, tmp_path: Path) -> Provoke:
    """Measure, summarise and analyse a suite until it comes out as expected.

    It is measured again only where a run was not sound, and not where others fill the machine for good.
    """

    def provoked(text: str, as_expected: Callable[[Campaign], bool]) -> Campaign:
        suite = write_suite(text)
        for _ in range(ATTEMPTS):
            campaign = measured(suite)
            runs = campaign.runs.values()
            if as_expected(campaign) or all(run.is_sound for run in runs) or all(run.is_crowded for run in runs):
                break
        return campaign

    def measured(suite: Path) -> Campaign:
        others = {}
        for run in make_plan(load_suite(suite)).runs:
            process = start_measure(run)
            _, errors = process.communicate(timeout=90)
            assert process.returncode == 0, errors
            others[run.experiment] = taken_by_others(summarise(tmp_path, run))
        run_command("plan", suite, output=tmp_path / "plan.json")
        outputs = {name: tmp_path / name for name in ("summary", "scaling", "verdicts", "repeats", "hypotheses")}
        run_command("analyse", plan=tmp_path / "plan.json", summaries=tmp_path / "tables", **outputs)
        verdicts = json.loads((tmp_path / "verdicts").read_text("utf-8"))
        runs = {run["experiment"]: Judged(run, others[run["experiment"]]) for run in verdicts["runs"]}
        return Campaign(verdicts, runs)

    return provoked


def summarise(folder: Path, run: Run) -> Path:
    """Summarise the run that was measured in `folder`; return the folder of its tables."""
    of, into = folder / "runs" / run.experiment / "1", folder / "tables" / run.experiment / "1"
    files = {name: of / f"{name}.parquet" for name in ("requests", "processes", "threads", "sockets")}
    run_command("summarise", **files, record=of / "run.json", into=into)
    return into


@pytest.fixture
def provoke_one(provoke: Provoke) -> ProvokeOne:
    """Measure one experiment until its run is as expected, again only where the run was not sound."""

    def judged(experiment: str, as_expected: Callable[[Judged], bool]) -> Judged:
        return provoke(ONE % experiment, lambda found: as_expected(found.runs["provoked"])).runs["provoked"]

    return judged


@contextmanager
def frozen(process: psutil.Process) -> Iterator[None]:
    """Stop a process for the length of a block."""
    process.suspend()
    try:
        yield
    finally:
        process.resume()


@pytest.mark.alone
def test_think_time_and_the_probe_that_proves_it(provoke: Provoke) -> None:
    """With the baselines that Loadstone adds: the unloaded response, the generator's ceiling, twice the users.

    Users who wait a second hardly feel a neighbour: a response of 50 ms instead of 5 takes 5 % from u_think and from
    throughput, which the limits of 0.1 and 0.2 allow for. A full machine is a second limit;
    a generator that others keep from its limit shows no ceiling.
    """

    def lacks(campaign: Campaign, baseline: str) -> bool:
        return baseline in campaign.runs["thinking"].run["missing"]

    def as_expected(campaign: Campaign) -> bool:
        [ceiling] = [run for name, run in campaign.runs.items() if name.startswith("ceiling@")]
        is_bound = "users' pauses" in campaign.runs["thinking"].run["parties"]
        has_ceiling = not lacks(campaign, "generator_ceiling") or ceiling.is_kept_from_limit("u_gen")
        return is_bound and has_ceiling and not lacks(campaign, "unloaded_response_s")

    campaign = provoke(
        "defaults: {duration: 4s, warm_up: 500ms, repeats: 1, server: {albums_max: 3}}\n"
        "experiments: {thinking: {probe: true, load: {users: 20, spawn_rate: 20, think_time: [0.8, 1.2]}}}",
        as_expected,
    )
    assert as_expected(campaign), str(campaign)
    thinking = campaign.runs["thinking"]
    assert not {"server's CPU", "all server threads busy"} & set(thinking.run["parties"])
    assert thinking.figure("u_think") == pytest.approx(1, abs=0.1)
    assert lacks(campaign, "generator_ceiling") or thinking.figure("X/ceiling") < 0.3
    elasticity = campaign.verdicts["experiments"]["thinking"]["elasticity"]
    assert elasticity["value"] == pytest.approx(1, abs=0.2)
    assert elasticity["low"] is None, "one run has no interval"


@pytest.mark.alone
def test_generator(provoke_one: ProvokeOne) -> None:
    """One process of HttpUser that never waits, and a server that answers at once with half the CPU."""

    def as_expected(run: Judged) -> bool:
        return run.verdict == "Locust's CPU" or run.is_starved("u_gen")

    run = provoke_one(
        "{server: {app: constant, worker_class: gevent, threads: 1, workers: 2, albums: 1}, "
        "load: {user: HttpUser, users: 32, spawn_rate: 32, think_time: 0, mix: {get_album: 1}}}",
        as_expected,
    )
    assert as_expected(run), str(run)
    assert run.figure("u_gen") > 0.5
    assert run.figure("u_server") < 0.5


@pytest.mark.alone
def test_server_cpu(provoke_one: ProvokeOne) -> None:
    """One sync worker that searches a list so long that gaps between requests and the generator take almost nothing.

    It uses 0.98 of a CPU on a quiet machine, and 0.92 next to a neighbour that takes half a CPU.
    """

    def as_expected(run: Judged) -> bool:
        return run.verdict == "server's CPU" or run.is_starved("u_server")

    run = provoke_one(
        "{duration: 6s, server: {worker_class: sync, threads: 1, albums: 700000, albums_max: 10}, "
        "load: {user: FastHttpUser, users: 20, spawn_rate: 20, think_time: 0, mix: {get_album: 1}}}",
        as_expected,
    )
    assert as_expected(run), str(run)
    assert "users' pauses" not in run.run["parties"]
    assert run.figure("u_server") > 0.6
    assert run.figure("u_gen") < run.figure("u_server")


SLEEPERS = (
    "server: {threads: %s, calibration: {%s}}, "
    "load: {user: FastHttpUser, users: 12, spawn_rate: 12, think_time: 0, mix: {calibration: 1}}"
)


@pytest.mark.alone
def test_lock_that_more_slots_do_not_help(provoke: Provoke) -> None:
    """Handlers that sleep under one lock take two slots or six, and more slots bring nothing.

    They take a tenth of a CPU: only a machine that others fill can make another verdict the right one. Where the
    threads do not show the lock, the sweep does: all slots are taken, and the section is serial.
    """

    def as_expected(found: Campaign) -> bool:
        named = {name: level["verdict"] for name, level in found.verdicts["experiments"].items()}
        serial = {"a lock in the server", "a serial section in the server"}
        return named["threads=6"] in serial and named["threads=2"] in serial | {"all server threads busy"}

    campaign = provoke(
        "baselines: false\ndefaults: {duration: 4s, warm_up: 1s, repeats: 1}\n"
        "sweeps: {threads: {vary: server.threads, values: [2, 6], "
        + SLEEPERS % (2, "parallel: 0s, serial: 20ms")
        + "}}",
        as_expected,
    )
    if any(run.is_crowded for run in campaign.runs.values()):
        right = {
            "the whole machine's CPU",
            "other programs on the machine",
            "all server threads busy",
            "a serial section in the server",
            "a lock in the server",
        }
        levels = campaign.verdicts["experiments"].values()
        assert {level["verdict"] for level in levels} <= right, str(campaign)
        return
    assert as_expected(campaign), str(campaign)
    assert all(run.figure("u_slot") > SATURATED for run in campaign.runs.values())


def test_errors(provoke_one: ProvokeOne) -> None:
    """A route that fails one time in twenty, on however busy a machine."""
    run = provoke_one(
        "{" + SLEEPERS % (8, "parallel: 10ms, failures: 0.05") + "}", lambda run: run.verdict == "too many failures"
    )
    assert run.verdict == "too many failures", str(run)
    assert 0.01 < run.figure("failures") < 0.08, "the lower bound of the share"


def test_invalid(first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> None:
    """Half of the users stand still, too briefly for Locust to miss their worker.

    X·(R + Z)/N is then about a half, and a neighbour, who slows all users alike, does not change it.
    """
    run = first_run(
        "baselines: false\ndefaults: {duration: 2s, warm_up: 1s, repeats: 1}\n"
        "experiments: {provoked: {load: {users: 20, spawn_rate: 20, think_time: 0.1, workers: 2}}}"
    )
    process = start_measure(run)
    log = tmp_path / "logs" / "1.log"
    wait_for(lambda: log.exists() and ": window" in log.read_text("utf-8"), 40, "the window")
    worker = next(p for p in processes_of(tmp_path) if p.name() == "load-worker-1")
    with frozen(worker):
        wait_for(lambda: ": drain" in log.read_text("utf-8"), 20, "the window's end")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    tables = summarise(tmp_path, run)
    judged = Judged(json.loads(run_command("verdict", tables / "signals.json")), taken_by_others(tables))
    assert judged.verdict == "invalid figures" or (
        judged.verdict == "other programs on the machine" and judged.others >= QUIET
    ), judged
    assert judged.figure("X·(R+Z)/N") < 0.9
