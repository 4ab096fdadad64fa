"""A file that is written is whole or absent, whatever becomes of the writer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loadstone.files import replacing, write_text
from tests.conftest import wait_for

HALF = """
import sys, time
from pathlib import Path
from loadstone.files import replacing
with replacing(Path(sys.argv[1])) as new, new.open("w") as file:
    file.write("half of it")
    file.flush()
    time.sleep(60)
"""


def test_killed_writer_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_text(path, "before\n")
    with subprocess.Popen([sys.executable, "-c", HALF, str(path)]) as writer:
        wait_for(lambda: any(new.read_text("utf-8") for new in tmp_path.glob("*.new")), 20, "half a file")
        assert path.read_text("utf-8") == "before\n"
        writer.kill()
    assert path.read_text("utf-8") == "before\n"
    write_text(path, "after\n")
    assert {found.name: found.read_text("utf-8") for found in tmp_path.iterdir()} == {"table.csv": "after\n"}


def test_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with replacing(tmp_path / "page.html") as new:
            new.write_text("half", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_another_writers_half_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / f".table.csv.{os.getppid()}.new"
    other.write_text("half", encoding="utf-8")
    write_text(tmp_path / "table.csv", "whole\n")
    assert other.exists()


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    write_text(Path(os.devnull), "gone")
    assert not Path(os.devnull).is_file()
