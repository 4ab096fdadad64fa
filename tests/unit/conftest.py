"""Made-up campaigns, for every test of a page."""

from pathlib import Path

import pytest

from tests.support.made_up import Make, make_campaign


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make up a campaign in `tmp_path`."""
    return lambda text, behaviour, published=None: make_campaign(tmp_path, text, behaviour, published)
