"""A folder for results, and a suite of two experiments with two repeats each."""

from pathlib import Path

import pytest

from tests.support.live_campaign import TEXT, Write


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def suite(write_suite: Write) -> Path:
    return write_suite(TEXT)
