"""The examples in `docs/notebooks.md` run as they are, and every column is described."""

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import pytest

import loadstone
from loadstone.notebook.campaign import StoredCampaign
from loadstone.results.summary import SUMMARY_COLUMNS
from tests.conftest import ROOT
from tests.support.earlier import unpack

EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "notebooks.md").read_text("utf-8"), flags=re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign's folder; its experiments and sweeps of these names are in the default suite, too."""
    folder = tmp_path_factory.mktemp("campaign")
    unpack(folder / "results")
    return folder


def run_cell(text: str, names: dict[str, Any]) -> Any:
    """Run an example as a notebook does; return the value of its last line."""
    *statements, last = ast.parse(text).body
    assert isinstance(last, ast.Expr), "a cell shows something"
    exec(compile(ast.Module(statements, []), "cell", "exec"), names)  # noqa: S102 - our own documentation
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307


@pytest.mark.slow
def test_examples_run_one_after_the_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    runs, p95, requests, chart, own = (run_cell(text, names) for text in EXAMPLES)
    assert len(runs) == 39
    assert p95.loc["sleepers=1", "experiment_verdict"] == "all server threads busy"
    assert p95["value"].is_monotonic_increasing
    assert set(requests.index) == {"GET /albums", "GET /albums/<id>", "POST /albums"}
    assert isinstance(chart, alt.LayerChart)
    assert "successful requests per second" in (folder / "users.html").read_text("utf-8")
    assert own.loc["fifty-users", "mean"] > 0


@pytest.mark.parametrize("name", ["fifty-users", "users"])
def test_names_in_the_examples_are_those_of_shipped_suites(name: str) -> None:
    assert f'"{name}"' in "".join(EXAMPLES)
    suites = "".join((ROOT / "config" / f"{suite}.yaml").read_text("utf-8") for suite in ("config", "claims"))
    assert re.search(rf"^  {name}:", suites, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("method", "read"),
    [
        (StoredCampaign.runs, lambda c: c.runs().filter(regex=r"^(?!server\.|load\.)")),
        (StoredCampaign.requests, lambda c: c.requests("fifty-users", 1)),
        (StoredCampaign.means, StoredCampaign.means),
        (StoredCampaign.verdicts, lambda c: c.verdicts().loc[:, :"next_measurement"]),
        (StoredCampaign.scaling, lambda c: c.scaling("users")),
    ],
    ids=["runs", "requests", "means", "verdicts", "scaling"],
)
def test_every_column_is_described(
    folder: Path, method: Callable[..., pd.DataFrame], read: Callable[[StoredCampaign], pd.DataFrame]
) -> None:
    described = re.findall(r"[\w.@]+", (method.__doc__ or "").partition("Columns:")[2])
    assert [name for name in read(loadstone.open(folder)) if name not in described] == []


def test_columns_of_the_summary_are_listed_with_the_results() -> None:
    text = (ROOT / "results" / "README.md").read_text("utf-8")
    assert [name for name in SUMMARY_COLUMNS if f"`{name}`" not in text] == []
