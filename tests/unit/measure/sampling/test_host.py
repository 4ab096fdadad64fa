"""Counters of the machine are read where they are, and are missing where they are not."""

from pathlib import Path

import pytest

from loadstone.measure import machine_limits
from loadstone.measure.sampling import host, pace
from loadstone.measure.sampling.host import HostReader
from loadstone.measure.sampling.pace import MAX_EVERY, Pace

NETSTAT = """\
TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPSynRetrans
TcpExt: 3 41 42 7
IpExt: InNoRoutes
IpExt: 5
"""


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up system that shows nothing yet."""
    monkeypatch.setattr(machine_limits, "PROC", tmp_path / "proc")
    monkeypatch.setattr(machine_limits, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(host, "NETSTAT", tmp_path / "proc" / "net" / "netstat")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


def test_a_system_that_shows_nothing(system: Path) -> None:
    assert set(HostReader().read()) == {None}


def test_counters_are_read_by_name(system: Path) -> None:
    write(system / "proc/net/netstat", NETSTAT)
    write(system / "proc/pressure/io", "some avg10=0.00 avg60=0.01 avg300=0.09 total=2500000\nfull avg10=0 total=1\n")
    counters = HostReader().read()
    assert (counters.listen_overflows, counters.syn_retransmits) == (41, 7)
    assert (counters.io_stalled_s, counters.cpu_stalled_s) == (2.5, None)


@pytest.mark.parametrize(
    ("group", "files", "throttled_s"),
    [
        ("0::/a/b\n", {"a/cpu.stat": "usage_usec 9\nthrottled_usec 1500000\n", "a/b/cpu.stat": "usage_usec 9\n"}, 1.5),
        ("2:cpuacct:/a\n1:cpu:/a\n0::/\n", {"cpu/a/cpu.stat": "nr_throttled 3\nthrottled_time 2000000000\n"}, 2.0),
        ("0::/\n", {"cpu.stat": "usage_usec 9\n"}, None),
    ],
    ids=["the group around it, version 2", "version 1", "no account"],
)
def test_throttled_time_of_control_groups(
    system: Path, group: str, files: dict[str, str], throttled_s: float | None
) -> None:
    write(system / "proc/self/cgroup", group)
    for name, text in files.items():
        write(system / "cgroup" / name, text)
    assert HostReader().read().throttled_s == throttled_s


@pytest.mark.parametrize(("cost_s", "every"), [(0.0, 1), (1.0, 1), (1.1, 2), (2.5, 3), (99.0, MAX_EVERY)])
def test_what_is_costly_is_done_less_often(cost_s: float, every: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "BUDGET_S", 1.0)
    paced = Pace()
    assert paced.is_due()
    paced.note(cost_s)
    assert [paced.is_due() for _ in range(every)] == [False] * (every - 1) + [True]
    for _ in range(2):
        paced.note(0.0)
    assert paced.is_due()


def test_one_costly_reading_does_not_make_the_others_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "BUDGET_S", 1.0)
    paced = Pace()
    for cost_s in (0.5, 0.5, 99.0):
        paced.note(cost_s)
    assert paced.is_due()
