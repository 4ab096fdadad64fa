"""Snakemake's own linter, and the names that the workflow takes for itself."""

import re
import subprocess
import sys

from loadstone.suite.types import RESERVED_NAMES
from tests.conftest import ROOT

ACCEPTED = "Specify a conda environment or container for each rule."
"""One environment for everything, by decision: see docs/decisions/."""


def snakemake(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_only_finding_is_the_environment_of_each_rule() -> None:
    answer = snakemake("--lint")
    assert "Lints for rule measure" in answer.stderr, answer.stderr
    titles = {line.strip(" *:") for line in answer.stderr.splitlines() if line.startswith("    * ")}
    assert titles == {ACCEPTED}


def test_names_of_rules_are_reserved() -> None:
    answer = snakemake("--list-rules", "--config", "suite=config/smoke.yaml")
    names = {line.split(" (")[0] for line in answer.stdout.splitlines()}
    experiments = {"saturated", "twenty-users", *(f"server-workers={n}" for n in (1, 2, 4))}
    assert names == RESERVED_NAMES | experiments


def test_files_of_all_runs_have_no_name_as_inputs() -> None:
    """Snakemake hashes a named list of files once for each of them: see docs/decisions/0022."""
    texts = {path: path.read_text("utf-8") for path in (ROOT / "Snakefile", *(ROOT / "workflow/rules").glob("*.smk"))}
    named = {path.name: re.findall(r"\w+=(?:ALL_RUNS|ALL_SUMMARIES|of_runs\()", text) for path, text in texts.items()}
    assert {name: found for name, found in named.items() if found} == {}
