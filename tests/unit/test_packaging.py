"""pyproject.toml, environment.yml and the lock name the same packages; nothing names an address."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = [Requirement(text) for text in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED = re.findall(r"^([a-z0-9-]+)==([^\s;]+)", LOCK, flags=re.MULTILINE)
"""Names and versions; a name stands twice where versions of Python need different ones."""
IN_CONDA = {"brotli": "brotli-python", "msgpack": "msgpack-python"}
"""Packages that go by another name there."""
OURS = {"benchmarks", "examples", "loadstone", "locustfiles", "server", "tests"}


def test_conda_environment_is_that_of_pyproject() -> None:
    environment = YAML(typ="safe").load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    [by_pip] = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert by_pip[-1] == "--editable ."
    entries = [entry for entry in environment["dependencies"] if isinstance(entry, str)] + by_pip[:-1]
    conda = {Requirement(entry) for entry in entries}
    conda_bounds = {canonicalize_name(r.name): str(r.specifier) for r in conda if r.name != "pip"}
    declared = {IN_CONDA.get(r.name, canonicalize_name(r.name)): str(r.specifier) for r in DECLARED}
    assert conda_bounds == declared | {"python": PROJECT["requires-python"]}
    assert environment["channels"] == ["conda-forge", "bioconda"]


def test_everything_imported_is_declared() -> None:
    """What comes along with another package can go with its next version."""
    declared = {canonicalize_name(r.name) for r in DECLARED}
    installed = metadata.packages_distributions()
    for folder in sorted(OURS - {"loadstone"} | {"workflow"}):
        for path in (ROOT / folder).rglob("*.py"):
            in_package = (path.parent / "__init__.py").exists()
            beside = set() if in_package else {sibling.stem for sibling in path.parent.iterdir()}
            for name in imported(path) - sys.stdlib_module_names - OURS - beside - {"_typeshed"}:
                assert {canonicalize_name(package) for package in installed[name]} & declared, f"{path}: {name}"


def imported(path: Path) -> set[str]:
    """Name the packages that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("requirement", DECLARED, ids=lambda r: r.name)
def test_lock_satisfies_pyproject(requirement: Requirement) -> None:
    versions = [version for name, version in LOCKED if name == canonicalize_name(requirement.name)]
    assert versions
    assert all(requirement.specifier.contains(version) for version in versions)


def test_every_locked_package_has_hashes() -> None:
    blocks = re.split(r"^(?=[a-z0-9-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(LOCKED)
    assert all("--hash=sha256:" in block for block in blocks)


def test_installed_packages_are_the_locked_ones() -> None:
    """Whether one of them was withdrawn since, or has a known hole, only an index can tell: `pip-audit` asks one."""
    if sys.prefix == sys.base_prefix:
        pytest.skip("no environment made from the lock")
    for line in re.findall(r"^[a-z0-9-]+==[^\\\n]+", LOCK, flags=re.MULTILINE):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
            assert str(requirement.specifier) == f"=={metadata.version(requirement.name)}", requirement.name


def test_everything_declared_is_locked_once_for_this_python() -> None:
    applying = [
        requirement.name
        for line in re.findall(r"^[a-z0-9-]+==[^\\\n]+", LOCK, flags=re.MULTILINE)
        if (requirement := Requirement(line)).marker is None or requirement.marker.evaluate()
    ]
    assert len(applying) == len(set(applying))


def test_lock_names_no_address() -> None:
    assert not re.search(r"://|--index|--find-links|--extra-index| @ ", LOCK)


def test_customers_packages_are_there() -> None:
    assert {"snakemake", "locust", "flask", "pandas", "altair", "gunicorn"} <= {r.name for r in DECLARED}


def test_wheel_holds_templates_and_says_that_it_is_typed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    [wheel] = tmp_path.iterdir()
    names = set(zipfile.ZipFile(wheel).namelist())
    library = ROOT / "workflow" / "loadstone"
    templates = {f"loadstone/{path.relative_to(library)}" for path in library.glob("*/templates/*")}
    assert {"loadstone/py.typed", *templates} <= names


def test_tracked_files_name_no_path_of_this_machine() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("no git checkout")
    for name in filter(None, tracked.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.endswith((".png", ".lock")):
            assert f"{ROOT}/" not in (ROOT / name).read_text(encoding="utf-8", errors="replace"), name
