"""Made-up records of runs."""

from loadstone.plan.schedule import Run
from loadstone.results.run_record import (
    AlbumCounts,
    Commands,
    Machine,
    MachineState,
    Phases,
    RequestCounts,
    RunRecord,
    Source,
)


def make_record(
    *, load_started: float, window: tuple[float, float], experiment: str = "a", repeat: int = 1
) -> RunRecord:
    """Make the record of a run with default conditions and the given window."""
    state = MachineState(
        time=load_started, load_average=0.5, cpu_mhz=None, thermal_throttles=None, quota_throttles=None
    )
    return RunRecord(
        run=Run(experiment=experiment, repeat=repeat, seed=1),
        commands=Commands(server=["server"], load_master=["master"], load_workers=[["worker"]]),
        phases=Phases(
            server_started=load_started - 1,
            server_ready=load_started - 0.5,
            load_started=load_started,
            workers_connected=load_started + 1,
            all_users_running=window[0] - 3,
            window_begin=window[0],
            window_end=window[1],
            drained=window[1] + 0.1,
            load_stopped=window[1] + 1,
            server_stopped=window[1] + 2,
        ),
        albums=AlbumCounts(before=3, window_begin=10, window_end=20, after=20, expected_after=20),
        counts=RequestCounts(recorded=100, locust=100, server=100),
        exit_codes={"server": 0},
        checks=[],
        source=Source(commit=None, dirty=None, lock_sha256=None, versions={"python": "3"}),
        machine=Machine(cpu_model="cpu", cores=2, memory_bytes=2**30, system="Linux", cpu_quota=None),
        state_before=state,
        state_after=state,
    )
