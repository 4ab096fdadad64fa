"""Snakemake looks at its waiting jobs when one has ended, and leaves the CPUs alone in between."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

JOBS = 3
SNAKEFILE = """
{include}
rule all:
    input: expand("{{n}}", n=range({jobs})),

rule one:
    output: "{{n}}",
    threads: workflow.cores
    shell: "sleep 1; touch {{output}}"
"""


def looks(folder: Path, include: str) -> int:
    """Count how often Snakemake selected jobs to run, one a second being run."""
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE.format(include=include, jobs=JOBS), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--cores", "all", "--verbose", "--scheduler", "greedy"]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return (answer.stdout + answer.stderr).count("Ready jobs:")


def test_no_look_without_an_end(tmp_path: Path) -> None:
    quiet = looks(tmp_path / "quiet", f'include: "{ROOT}/workflow/rules/campaign.smk"')
    assert quiet <= 2 * (JOBS + 1), "once when there is room, once more when there is none"
    assert looks(tmp_path / "as-it-is", "") > quiet, "needed no longer: Snakemake does so by itself"
