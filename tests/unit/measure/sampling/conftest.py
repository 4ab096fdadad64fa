"""Samples in these tests are due each time, however busy the machine is."""

import pytest

from loadstone.measure.sampling import pace


@pytest.fixture(autouse=True)
def _no_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "BUDGET_S", 60.0)
