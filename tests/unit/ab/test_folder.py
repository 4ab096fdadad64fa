"""A comparison's folder is one comparison's at a time."""

from pathlib import Path

import pytest

from loadstone.ab.folder import hold_folder
from loadstone.errors import SuiteError


def test_held_folder_is_refused_and_keeps_its_runs(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "ab"
    with hold_folder(folder):
        (folder / "A").mkdir()
        with pytest.raises(SuiteError, match="another `loadstone ab` is at work in"), hold_folder(folder):
            pass
        assert (folder / "A").is_dir()
    with hold_folder(folder):
        assert not (folder / "A").exists()


def test_folder_with_anything_else_is_refused_and_left(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    (tmp_path / "ab.json").touch()
    with pytest.raises(SuiteError, match="holds mine, which is not of an earlier"), hold_folder(tmp_path):
        pass
    assert (tmp_path / "ab.json").exists()
