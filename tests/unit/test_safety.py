"""What the code may not do at all: build shell lines from values, run what a file says, unpack what it can't trust."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCES = sorted(
    path
    for folder in ("workflow/loadstone", "server", "locustfiles", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)
WORKFLOW = [ROOT / "Snakefile", *sorted((ROOT / "workflow/rules").glob("*.smk"))]

RUNNING_TEXT = {"eval", "exec", "compile", "__import__", "execfile", "input"}
SHELLS = {"system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell"}
STARTING = {"Popen", "run", "call", "check_call", "check_output"}
UNPACKING = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "jsonpickle", "joblib", "yaml"}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def unsafe(tree: ast.AST) -> list[str]:
    """List what is unsafe in a module, by line."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [f"{node.lineno}: {alias.name}" for alias in node.names if alias.name.split(".")[0] in UNPACKING]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in UNPACKING:
            found.append(f"{node.lineno}: {node.module}")
        elif isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            plain = isinstance(node.func, ast.Name)
            module = getattr(getattr(node.func, "value", None), "id", "")
            if (plain and name in RUNNING_TEXT) or (name in SHELLS and module != "platform"):
                found.append(f"{node.lineno}: {name}()")
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            if "shell" in given and not (isinstance(given["shell"], ast.Constant) and given["shell"].value is False):
                found.append(f"{node.lineno}: shell=")
            if name in STARTING and node.args and isinstance(node.args[0], ast.JoinedStr | ast.Constant):
                found.append(f"{node.lineno}: a command line that is one text")
            if name == "YAML" and getattr(given.get("typ"), "value", None) != "safe":
                found.append(f"{node.lineno}: YAML that isn't safe")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_shell_no_evaluation_no_unpacking(path: Path) -> None:
    assert unsafe(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "code",
    [
        "eval(x)", "exec(x)", "os.system(x)", "os.popen(x)", "import pickle", "from yaml import load", "YAML()",
        "subprocess.run(x, shell=True)", "subprocess.run(f'ls {x}')", "Popen('ls')", "run(x, shell=y)",
    ],
)  # fmt: skip
def test_what_is_unsafe_is_found(code: str) -> None:
    assert unsafe(ast.parse(code))


def shell_blocks(text: str) -> list[str]:
    """Take the shell commands of a Snakefile: after `shell:`, and in calls of shell()."""
    blocks = re.findall(r'shell:\s*r?"""(.*?)"""', text, re.DOTALL)
    return blocks + re.findall(r'shell\(\s*f?"(.*?)"\s*\)', text, re.DOTALL)


def unquoted(command: str) -> list[str]:
    return [field for field in re.findall(r"\{([^{}]*)\}", command) if not field.endswith(":q")]


@pytest.mark.parametrize("path", WORKFLOW, ids=relative)
def test_every_value_in_a_shell_command_is_quoted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    blocks = shell_blocks(text)
    assert len(blocks) == len(re.findall(r"^\s*shell:|^\s*shell\(", text, re.MULTILINE))
    assert [field for block in blocks for field in unquoted(block)] == []
    assert not re.search(r"^\s*(run|script|notebook|wrapper):", text, re.MULTILINE), "rules call `loadstone`"


def test_what_is_unquoted_is_found() -> None:
    assert unquoted("loadstone plan {params.suite} {input.plan:q} {wildcards.experiment}") == [
        "params.suite",
        "wildcards.experiment",
    ]


@pytest.mark.slow
def test_values_reach_the_command_as_they_are(tmp_path: Path) -> None:
    """A suite in a folder whose name a shell would take apart, and an override that it would run."""
    folder = tmp_path / "a b; touch $HOME 'x' \"y\" && id"
    folder.mkdir()
    suite = folder / "s.yaml"
    suite.write_text("baselines: false\nexperiments: {a: {}}", encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(tmp_path)]
    command += ["--cores", "1", "results/plan.json", "--config", f"suite={suite}", "duration=2s"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([folder.name, "results", ".snakemake"])
    assert '"duration":"2s"' in (tmp_path / "results/plan.json").read_text("utf-8").replace(" ", "")


def test_security_rules_are_on_and_every_exception_has_its_reason() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in settings["select"]
    assert [rule for rule in settings["ignore"] if rule.startswith("S") and rule != "SIM"] == ["S603"]
    for path in SOURCES:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if re.search(r"#\s*noqa(?!:)|# nosec", line) or re.search(r"noqa:.*\bS\d", line):
                assert re.search(r"noqa: [A-Z0-9, ]+ - \w", line), f"{relative(path)}:{number}"


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/reliability.md"])
def test_every_test_that_a_promise_rests_on_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    file = ""
    named = 0
    for path, test in re.findall(r"`([a-z_/]*(?:\.py)?)(?:::\s*)?(test_\w+)?`", text):
        if path.endswith(".py"):
            file = path
            assert (ROOT / "tests" / file).is_file()
        if test:
            named += 1
            assert f"\ndef {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), f"{file}::{test}"
    assert named > 25
