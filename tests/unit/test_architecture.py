"""One direction, small rooms: what may import what, and what invalidates what."""

import ast
import subprocess
import sys

import pytest

from tests.conftest import ROOT

LIBRARY = ROOT / "workflow" / "loadstone"
STAGES = {  # modules that a stage runs → globs that its rule declares as sources (workflow/rules/common.smk)
    ("summarising",): ("analyse/", "theory/", "summarising.py"),
    ("analyse.campaign", "analyse.repeats", "analyse.verdicts", "analyse.sweeps"): ("analyse/", "theory/"),
    ("analyse.hypotheses", "audittable"): ("analyse/", "theory/", "hypotheses.py", "audittable.py"),
    ("report.page", "report.data"): (
        "report/",
        "audittable.py",
        "analyse/",
        "theory/",
    ),  # analyse/ reaches the report through its tables
}
FORMATS = {
    *(
        "__init__.py",
        "baselines.py",
        "capacity.py",
        "conditions.py",
        "errors.py",
        "external.py",
        "plan.py",
        "published.py",
        "record.py",
    ),
    *("hypotheses.py", "suite.py", "thresholds.py", "values.py"),
    "files.py",
    *("claimcheck.py", "complaints.py", "plancheck.py", "text.py"),  # which refuse, and say why
}
"""Shared definitions. What they hold reaches a result as values, in parameters and files, and so by content."""


ALLOWED = {
    "workflow/loadstone/live/server.py": {"flask", "socket", "time"},  # the live view's web server
    "workflow/loadstone/live/history.py": {"time"},  # reads the moment in the name of Snakemake's log
    "workflow/loadstone/lifecycle/campaign_lock.py": {"time"},  # says since when a campaign runs
    "workflow/loadstone/lifecycle/shutdown.py": {"psutil", "signal"},  # ends stages, whichever it is
}
"""What all others must not import."""


def imported_by(modules: tuple[str, ...]) -> set[str]:
    """Import modules in a fresh interpreter; return the files of Loadstone that this loads."""
    code = (
        f"import sys, {', '.join('loadstone.' + m for m in modules)}\n"
        "print('\\n'.join(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'loadstone'))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {line.removeprefix(f"{LIBRARY}/") for line in answer.stdout.split()}


@pytest.mark.parametrize("modules", STAGES, ids=lambda modules: modules[0])
def test_stage_imports_only_what_its_rule_declares(modules: tuple[str, ...]) -> None:
    undeclared = {file for file in imported_by(modules) if file not in FORMATS and not file.startswith(STAGES[modules])}
    assert undeclared == set()


def imports_of(path: str) -> set[str]:
    """Name the top-level packages and modules that a file imports."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def files(folder: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", files("workflow/loadstone"))
def test_instrument_imports_neither_specimen_nor_snakemake(path: str) -> None:
    tops = {name.split(".")[0] for name in imports_of(path)}
    assert not tops & {"server", "locustfiles", "locust", "flask", "snakemake"} - ALLOWED.get(path, set())


@pytest.mark.parametrize("path", files("server") + files("locustfiles"))
def test_specimen_and_load_do_not_import_the_instrument(path: str) -> None:
    tops = {name.split(".")[0] for name in imports_of(path)}
    assert "loadstone" not in tops
    assert not ("server" in tops and path.startswith("locustfiles"))


@pytest.mark.parametrize("path", files("workflow/loadstone"))
def test_only_measure_starts_processes_or_reads_a_clock(path: str) -> None:
    if not path.startswith("workflow/loadstone/measure/"):
        found = imports_of(path) & {"subprocess", "time", "datetime", "socket", "requests", "psutil", "signal"}
        assert found <= ALLOWED.get(path, set())


@pytest.mark.parametrize("path", files("workflow/loadstone"))
def test_stages_import_downward(path: str) -> None:
    order = ["measure", "analyse", "report"]
    part = path.split("/")[2]
    if part in order:
        later = order[order.index(part) + 1 :] + (["measure"] if part != "measure" else [])
        assert not any(name.startswith(f"loadstone.{other}") for name in imports_of(path) for other in later)


@pytest.mark.parametrize("path", files("workflow/loadstone") + files("server") + files("locustfiles"))
def test_rooms_are_small(path: str) -> None:
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= 300
