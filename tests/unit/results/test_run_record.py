"""run.json is written and read back; any other content is refused by name."""

import json
from pathlib import Path

import pytest

from loadstone.errors import ResultError
from loadstone.results.run_record import read_record, write_record
from tests.support.records import make_record


def test_survives_writing_and_reading(tmp_path: Path) -> None:
    record = make_record(load_started=100.0, window=(110.0, 120.0))
    write_record(record, tmp_path / "run.json")
    assert read_record(tmp_path / "run.json") == record


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": 99}, "format 99, but this Loadstone reads format 3: measure the run again"),
        ({"phases": {}}, "damaged: phases"),
        ({"surprise": 1}, "damaged: surprise"),
    ],
)
def test_other_format_is_refused(tmp_path: Path, change: dict[str, object], complaint: str) -> None:
    path = tmp_path / "run.json"
    write_record(make_record(load_started=100.0, window=(110.0, 120.0)), path)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(ResultError, match=complaint):
        read_record(path)


@pytest.mark.parametrize("text", ["", "[]", "{", "\0"])
def test_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text, "utf-8")
    with pytest.raises(ResultError, match=r"run\.json: damaged"):
        read_record(tmp_path / "run.json")


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="cannot be read"):
        read_record(tmp_path / "run.json")
