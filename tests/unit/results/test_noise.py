"""`noise.json`: what is kept of the machine's checks, and what happens to files that are something else."""

from pathlib import Path

import pytest

from loadstone.errors import DamagedError, SystemFault
from loadstone.results.noise import MAX_CHECKS, NoiseCheck, OtherProcess, append_check, read_checks

CHECK = NoiseCheck(
    time=1.8e9,
    seconds=2.1,
    python="3.11.7",
    cpus=2,
    cores=2,
    spin_ms=8.0,
    spin_variation=0.01,
    slowdown=1.02,
    foreign_cpus=0.3,
    foreign=(OtherProcess(name="java", pid=12, cpus=0.25),),
    steal=0.0,
    missing=("pressure: /proc/pressure/cpu: No such file or directory",),
)


def test_checks_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "results" / "noise.json"
    later = CHECK.model_copy(update={"time": 1.9e9, "spin_ms": None, "measuring": "other, repeat 1"})
    assert read_checks(path) == ()
    assert append_check(path, CHECK) is None
    assert append_check(path, later) is None
    assert read_checks(path) == (CHECK, later)


def test_newest_checks_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "noise.json"
    for number in range(MAX_CHECKS + 2):
        append_check(path, CHECK.model_copy(update={"time": float(number)}))
    assert [check.time for check in read_checks(path)] == [float(number) for number in range(2, MAX_CHECKS + 2)]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"checks": [{"time": 1}]}', '{"checks": [], "more": 1}'])
def test_damaged_or_foreign_files_are_set_aside(tmp_path: Path, content: str) -> None:
    path = tmp_path / "noise.json"
    for number, place in enumerate(("noise.json", "noise-2.json")):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(DamagedError, match=r"noise\.json: damaged"):
            read_checks(path)
        line = append_check(path, CHECK.model_copy(update={"time": float(number)}))
        assert line is not None
        assert line.endswith(f"moved to {tmp_path / 'damaged' / place}")
        assert (tmp_path / "damaged" / place).read_text("utf-8") == content
        assert [check.time for check in read_checks(path)] == [number]


def test_unwritable_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemFault, match="file"):
        append_check(tmp_path / "file" / "noise.json", CHECK)
