"""What all rules share: the suite, its runs, and the sources that each stage's results depend on.

A change of a declared source reruns the stage: Snakemake compares such files by content. What a run's result depends on
beside `measure/`, `server/` and `locustfiles/` are its own resolved values, which the rule passes as a parameter.
"""

import os
import re
import shlex
import sys
from pathlib import Path

from loadstone.errors import LoadstoneError
from loadstone.plan.schedule import make_plan
from loadstone.suite.load import load_suite

# `loadstone` in a shell command is the one installed beside the interpreter that runs Snakemake, environment activated
# or not. Rules `exec` it, so that it is Snakemake's own child and learns whose: it ends when that does.
shell.prefix(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH" LOADSTONE_PARENT=$PPID; ')

ROOT = Path(workflow.basedir)


def suite_path(name):
    """Find a suite: as given, else below the project (with --directory, the campaign's folder is the current one)."""
    given = Path(str(name or ""))
    return given if given.exists() else ROOT / given


def load_plan(path, overrides):
    """Lay out the suite's runs; a mistake in it is told in plain lines, before anything starts."""
    try:
        return make_plan(load_suite(path, overrides))
    except LoadstoneError as error:
        sys.exit("\n".join(error.lines))


def refuse_read_only(*folders):
    """End in a plain line where a campaign can't be kept: Snakemake would end in a traceback."""
    for folder in map(Path, folders):
        if folder.exists() and not os.access(folder, os.W_OK):
            sys.exit(f"{folder.absolute()}: can't be written to: keep the campaign elsewhere (--directory DIR)")


def sources(*patterns):
    """List the files below the project that match; relative where possible, so that a checkout can be moved."""
    found = sorted(path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file())
    return [str(path.relative_to(ROOT) if Path.cwd() == ROOT else path) for path in found]


refuse_read_only(".", ".snakemake", "results")
OVERRIDES = {key: value for key, value in config.items() if key != "suite"}
SUITE = suite_path(config.get("suite", "config/config.yaml"))
PLAN = load_plan(SUITE, OVERRIDES)
SETTINGS = [f"--set={key}={value}" for key, value in OVERRIDES.items()]

RUNS = {(run.experiment, str(run.repeat)): run for run in PLAN.runs}
PRIORITY = {key: len(RUNS) - place for place, key in enumerate(RUNS)}

PUBLISHED = PLAN.suite.published
PUBLISHED_TABLE = [str(SUITE.parent / PUBLISHED.table)] if PUBLISHED else []
PUBLISHED_OPTION = ["--published", *PUBLISHED_TABLE] if PUBLISHED else []

LIBRARY = "workflow/loadstone"
MEASURE_SOURCES = sources("server/**/*.py", "locustfiles/**/*.py", f"{LIBRARY}/measure/**/*.py")
SUMMARISE_SOURCES = sources(
    f"{LIBRARY}/summarise/**/*.py",
    f"{LIBRARY}/results/tables.py",
    f"{LIBRARY}/theory/operational.py",
    f"{LIBRARY}/theory/quantiles.py",
    f"{LIBRARY}/theory/steady_state.py",
)
SEARCH_SOURCES = [*sources(f"{LIBRARY}/search/**/*.py"), *SUMMARISE_SOURCES]
ANALYSE_SOURCES = sources(
    f"{LIBRARY}/analyse/**/*.py",
    f"{LIBRARY}/results/**/*.py",
    f"{LIBRARY}/theory/**/*.py",
    f"{LIBRARY}/suite/hypotheses.py",
    f"{LIBRARY}/suite/load_test_table.py",
)
REPORT_SOURCES = sources(
    f"{LIBRARY}/report/**/*.py",
    f"{LIBRARY}/report/templates/*",
    f"{LIBRARY}/results/**/*.py",
    f"{LIBRARY}/suite/load_test_table.py",
    f"{LIBRARY}/suite/published.py",
)


wildcard_constraints:
    experiment="|".join(re.escape(name) for name in PLAN.experiments),
    repeat=r"\d+",
    search="|".join(re.escape(name) for name in PLAN.suite.capacity) or "none",


def run_values(wildcards):
    """All that a run's result depends on, as the JSON that `loadstone measure` takes."""
    return RUNS[wildcards.experiment, wildcards.repeat].model_dump_json()


def search_values(wildcards):
    """All that a search depends on, as the JSON that `loadstone search` takes."""
    return PLAN.suite.capacity[wildcards.search].model_dump_json()


def run_priority(wildcards):
    """Make the plan's order Snakemake's: of the runs that are left, the one planned first."""
    return PRIORITY[wildcards.experiment, wildcards.repeat]


def of_runs(files, *experiments):
    """Fill a rule's output files in for every run of the experiments given, of all experiments otherwise."""
    runs = [run for run in PLAN.runs if not experiments or run.experiment in experiments]
    return expand(files, zip, experiment=[run.experiment for run in runs], repeat=[run.repeat for run in runs])
