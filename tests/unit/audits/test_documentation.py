"""The examples in `docs/audit.md` print what the page shows."""

import re
import shlex

import pytest

from tests.conftest import ROOT
from tests.support.commandline import loadstone

BLOCKS = re.findall(
    r"```console\n\$ loadstone (.*?)\n(.*?)```", (ROOT / "docs" / "audit.md").read_text("utf-8"), re.DOTALL
)


@pytest.mark.parametrize(("command", "output"), BLOCKS, ids=[command for command, _ in BLOCKS])
def test_example_prints_what_the_page_shows(command: str, output: str) -> None:
    answer = loadstone(*shlex.split(command))
    assert (answer.returncode, answer.stderr) == (0, "")
    assert [line.rstrip() for line in answer.stdout.splitlines()] == output.splitlines()


def test_page_has_examples() -> None:
    assert len(BLOCKS) >= 3
