"""docs/signals.md has every key that `loadstone verdict` takes, and no other."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from loadstone.errors import TableError
from loadstone.results.signals import Signals, read_signals
from loadstone.results.threads import ThreadState
from tests.conftest import ROOT
from tests.support.commandline import loadstone

PAGE = (ROOT / "docs" / "signals.md").read_text(encoding="utf-8")


def first_cells(header: str) -> list[str]:
    """List the keys in the first column of all tables with a header."""
    tables = re.findall(rf"^\| {re.escape(header)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [key for table in tables for row in table.splitlines() for key in re.findall(r"`(\w+)`", row.split("|")[1])]


def test_every_signal_is_documented_once() -> None:
    assert sorted(first_cells("key")) == sorted(Signals.model_fields)


def test_every_state_of_a_thread_is_documented() -> None:
    assert first_cells("state") == list(ThreadState)


def test_schema_accepts_what_the_model_accepts() -> None:
    schema = json.loads(loadstone("schema", "--signals").stdout)
    signals = {"users": 5, "throughput": 3.0, "response_s": 0.1, "think_s": None}
    more = {"thread_states": {"lock": 14.0, "running": 1.5}, "proceeding": 1.5, "unread": 12, "gap_share": 0.2}
    jsonschema.validate(signals | more, schema)
    for wrong in ({"gap_share": 1.2}, {"thread_states": {"dancing": 1}}, {"unraed": 3}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(signals | wrong, schema)


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"gap_share": 1.2}, "gap_share: "),
        ({"thread_states": {"dancing": 1.0}}, "thread_states.dancing"),
        ({"unread": "many"}, "unread: "),
        ({"unraed": 3}, "unraed: unknown key; allowed: "),
    ],
)
def test_mistake_is_one_line_with_its_key(tmp_path: Path, wrong: dict[str, object], line: str) -> None:
    path = tmp_path / "signals.json"
    path.write_text(json.dumps({"users": 5, "throughput": 3.0, "response_s": 0.1, "think_s": None} | wrong))
    with pytest.raises(TableError) as caught:
        read_signals(path)
    [written] = str(caught.value).splitlines()
    assert line in written
