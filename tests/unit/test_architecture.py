"""Small rooms, one direction: what may import what, where side effects are, which sources invalidate a result."""

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

LIBRARY = ROOT / "workflow" / "loadstone"

FLOORS: tuple[tuple[str, ...], ...] = (
    ("instrument", "text"),
    ("errors",),
    ("files",),
    ("project",),
    ("theory",),
    ("figures",),
    ("suite",),
    ("plan",),
    ("results",),
    ("lifecycle",),
    ("measure", "summarise"),
    ("search",),
    ("analyse",),
    ("looks",),
    ("live", "notebook", "report"),
    ("compare", "drive", "imports", "init"),
    ("ab", "audits"),
    ("cli",),
    ("__main__",),
)
"""The rooms of the library from the ground up. A room may use those below it, and none beside it or above it."""
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

SIDE_EFFECTS = {"datetime", "flask", "psutil", "requests", "signal", "socket", "subprocess", "time"}
"""Modules that start processes, open connections or look at a clock."""
MAY = {
    "cli": {"time"},  # how long a command has taken, for its progress
    "drive/child.py": {"signal", "subprocess", "time"},  # Snakemake as a child process
    "lifecycle/campaign_lock.py": {"time"},  # since when a campaign runs
    "lifecycle/short_log.py": {"time"},  # when the last line was printed
    "lifecycle/shutdown.py": {"psutil", "signal"},  # ends stages, whichever it is
    "live/snakemake_log.py": {"time"},  # reads the moment in the name of Snakemake's log
    "live/server.py": {"flask", "socket", "time"},  # the live view's web server
    "instrument": {"requests", "socket", "time"},  # runs in Locust's processes, beside the users
    "instrument/fork_locust.py": {"signal"},  # starts Locust's processes
    "suite/repository.py": {"subprocess"},  # asks git which commit a name in a suite stands for, as it reads files
    "measure": SIDE_EFFECTS - {"flask"},
}
"""Rooms and modules → what they may import all the same."""

MAX_LINES = 300
"""Lines of a module; one that is longer says in its docstring why."""


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in folder.rglob("*.py"))


MODULES = [path.removeprefix("workflow/loadstone/") for path in below(LIBRARY)]


def room_of(module: str) -> str:
    return module.split("/", maxsplit=1)[0].removesuffix(".py")


@functools.cache
def imports_of(path: Path) -> frozenset[str]:
    """Name the modules that a file imports, anywhere in it: late imports, and those for types alone, count too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            package = ".".join(["loadstone", *path.relative_to(LIBRARY).parts[: -node.level]])
            found.add(f"{package}.{node.module}")
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def rooms_used(module: str) -> set[str]:
    """Name the rooms that a module of the library imports from, its own left out."""
    names = [name.split(".") for name in imports_of(LIBRARY / module) if name.startswith("loadstone.")]
    return {parts[1] for parts in names} & FLOOR.keys() - {room_of(module)}


def test_every_room_has_its_floor_and_the_top_is_empty() -> None:
    assert {room_of(module) for module in MODULES} == FLOOR.keys() | {"__init__"}
    assert {module for module in MODULES if "/" not in module} == {
        *("__init__.py", "__main__.py"),
        *("errors.py", "files.py", "project.py", "text.py"),
    }


@pytest.mark.parametrize("module", MODULES)
def test_rooms_import_downward(module: str) -> None:
    if room_of(module) != "__init__":
        upward = {room for room in rooms_used(module) if FLOOR[room] >= FLOOR[room_of(module)]}
        assert upward == set()


@pytest.mark.parametrize("module", [module for module in MODULES if room_of(module) == "instrument"])
def test_instrument_needs_locust_and_the_standard_library_only(module: str) -> None:
    """It works in an environment that has Locust but not Loadstone."""
    tops = {name.split(".")[0] for name in imports_of(LIBRARY / module)} - {"loadstone"}
    assert tops - sys.stdlib_module_names - {"gevent", "geventhttpclient", "locust", "msgpack", "requests"} == set()


def test_no_circle_of_modules() -> None:
    """Inside a room too, no module depends on itself by way of others."""
    known = {"loadstone." + module.removesuffix(".py").replace("/", "."): module for module in MODULES}
    uses = {name: (imports_of(LIBRARY / module) & known.keys()) - {name} for name, module in known.items()}
    left = dict(uses)
    while ready := {name for name, used in left.items() if not used & left.keys()}:
        left = {name: used for name, used in left.items() if name not in ready}
    assert sorted(left) == []


@pytest.mark.parametrize("module", MODULES)
def test_instrument_imports_neither_specimen_nor_snakemake(module: str) -> None:
    tops = {name.split(".")[0] for name in imports_of(LIBRARY / module)}
    assert not tops & {"server", "locustfiles", "snakemake"}
    assert "locust" not in tops or room_of(module) == "instrument"


@pytest.mark.parametrize("path", below(ROOT / "server") + below(ROOT / "locustfiles"))
def test_specimen_and_load_do_not_import_the_instrument(path: str) -> None:
    tops = {name.split(".")[0] for name in imports_of(ROOT / path)}
    assert "loadstone" not in tops
    assert not ("server" in tops and path.startswith("locustfiles"))


@pytest.mark.parametrize("module", MODULES)
def test_only_measure_starts_processes_or_reads_a_clock(module: str) -> None:
    tops = {name.split(".")[0] for name in imports_of(LIBRARY / module)}
    allowed = MAY.get(module, set()) | MAY.get(room_of(module), set())
    assert tops & SIDE_EFFECTS <= allowed


@pytest.mark.parametrize("path", [*below(LIBRARY), *below(ROOT / "server"), *below(ROOT / "locustfiles")])
def test_modules_are_small(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text)) or ""
    assert len(text.splitlines()) <= MAX_LINES or "longer than others" in docstring


# What invalidates a result: the sources that a rule declares, as Snakemake itself sees them

STAGES = {  # rule → the folder that is its stage, and the modules that its command runs
    "measure": ("measure", ()),
    "search": ("search", ("search.bisect",)),
    "summarise": ("summarise", ("summarise.stage",)),
    "look": ("looks", ("looks.stage",)),
    "analyse": ("analyse", ("analyse.stage",)),
    "report": ("report", ("report.page", "report.campaign")),
}
FORMATS = ("__init__.py", "errors.py", "files.py", "text.py", "plan/", "results/", "suite/")
"""Shared definitions. What they hold reaches a result as values, in parameters and files, and so by content."""
UPSTREAM = {"report": ("analyse/", "theory/"), "search": ("measure/",)}
"""Rule → rooms that reach it through files: `analyse` writes what the report reads."""


SUITE = """\
baselines: false
experiments: {one: {repeats: {min: 2, max: 3}}}
capacity: {most: {slo: p95 < 50ms}}
"""


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Rule → files of the library among its inputs, relative to it, as a dry run lists them."""
    folder = tmp_path_factory.mktemp("campaign")
    (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--directory", str(folder)]
    command += ["--snakefile", str(ROOT / "Snakefile"), "--config", f"suite={folder / 'suite.yaml'}"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    jobs = re.findall(r"^(?:rule|checkpoint) (\w+):\n    input: (.*)$", answer.stdout, re.MULTILINE)
    return {
        rule: {path.split("/loadstone/")[1] for path in inputs.split(", ") if "/loadstone/" in path}
        for rule, inputs in jobs
    }


@pytest.mark.parametrize("stage", STAGES)
def test_every_file_of_a_stage_is_among_its_sources(stage: str, declared: dict[str, set[str]]) -> None:
    folder = STAGES[stage][0]
    assert {module for module in MODULES if room_of(module) == folder} - declared[stage] == set()


@pytest.mark.parametrize("stage", [stage for stage, (_, modules) in STAGES.items() if modules])
def test_stage_imports_only_what_its_rule_declares(stage: str, declared: dict[str, set[str]]) -> None:
    exempt = (*FORMATS, *UPSTREAM.get(stage, ()))
    loaded = {module for module in loaded_by(STAGES[stage][1]) if not module.startswith(exempt)}
    assert {module for module in loaded - declared[stage] if not module.endswith("__init__.py")} == set()


def loaded_by(modules: tuple[str, ...]) -> set[str]:
    """Import modules in a fresh interpreter; name the modules of Loadstone that this loads."""
    code = (
        f"import sys, {', '.join('loadstone.' + module for module in modules)}\n"
        "print('\\n'.join(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'loadstone'))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {line.removeprefix(f"{LIBRARY}/") for line in answer.stdout.split()}
