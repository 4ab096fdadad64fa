"""The campaign of an earlier version, `tests/fixtures/campaign.tar.xz`: see `tests/fixtures/README.md`."""

import tarfile
from pathlib import Path

from tests.conftest import ROOT

ARCHIVE = ROOT / "tests" / "fixtures" / "campaign.tar.xz"


def unpack(folder: Path) -> Path:
    """Unpack its results into a folder."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder
