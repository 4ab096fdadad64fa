"""What tests of the recorder share."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.recording import PRELUDE, Record


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Run code with a recorder `kept` and its `listener`; return the recorder's file."""

    def run(name: str, code: str) -> Path:
        path = tmp_path / name
        subprocess.run([sys.executable, "-c", PRELUDE + code, str(path)], cwd=ROOT, check=True)
        return path

    return run
