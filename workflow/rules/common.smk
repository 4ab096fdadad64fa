"""Shared by all rules: the suite, its runs, and the sources on which each stage's results depend.

Changing a declared source reruns its stage: Snakemake compares these files by content. A run's result depends on
`measure/`, `server/`, `locustfiles/` and on the run's own resolved values, which the rule passes as a parameter.
"""

import os
import re
import shlex
import sys
from pathlib import Path

from loadstone.errors import LoadstoneError
from loadstone.lifecycle.shutdown import DRIVER
from loadstone.plan.checkouts import checkout_of, list_checkouts
from loadstone.plan.schedule import describe_rest, make_longest_plan, make_plan
from loadstone.project import find_library
from loadstone.results.campaign_folder import refuse_imported
from loadstone.results.looks import read_look
from loadstone.suite.load import load_suite
from loadstone.suite.own_files import list_own_files
from loadstone.text import clock

# `loadstone` in a shell command is the one installed next to the interpreter that runs Snakemake, whether or not the
# environment is activated. Rules `exec` it, so that it is Snakemake's own child. LOADSTONE_PARENT names that process,
# and `loadstone` ends when it ends. LOADSTONE_USER_PATH is where a server's command is looked up.
PROGRAMS = shlex.quote(str(Path(sys.executable).parent))
shell.prefix(f'export LOADSTONE_USER_PATH="$PATH" PATH={PROGRAMS}:"$PATH" LOADSTONE_PARENT=$PPID; ')

ROOT = Path(workflow.basedir)
LIBRARY = find_library(ROOT)


def suite_path(name):
    """Find a suite at the given path, else below the project (with --directory, the campaign's folder is current)."""
    given = Path(str(name or ""))
    return given if given.exists() else ROOT / given


def load_plan(path, overrides):
    """Lay out the suite's runs; on a mistake, print one line for each and exit before anything starts."""
    try:
        return make_plan(load_suite(path, overrides))
    except LoadstoneError as error:
        sys.exit("\n".join(error.lines))


def refuse_read_only(*folders):
    """Exit with one line if a folder is not writable: Snakemake would end in a traceback."""
    for folder in map(Path, folders):
        if folder.exists() and not os.access(folder, os.W_OK):
            sys.exit(f"{folder.absolute()}: not writable: keep the campaign in another folder (--directory DIR)")


def sources(*patterns, below=LIBRARY):
    """List matching files below a folder, as relative paths where possible, so that a checkout can be moved."""
    found = sorted(path for pattern in patterns for path in below.glob(pattern) if path.is_file())
    return [str(path.relative_to(ROOT) if Path.cwd() == ROOT else path) for path in found]


def refuse_imports(results):
    """Exit with one line if the results were imported: those of a suite would replace them."""
    try:
        refuse_imported(Path(results))
    except LoadstoneError as error:
        sys.exit("\n".join(error.lines))


refuse_read_only(".", ".snakemake", "results")
refuse_imports("results")
OVERRIDES = {key: value for key, value in config.items() if key != "suite"}
SUITE = suite_path(config.get("suite", "config/config.yaml"))
SUITE_FOLDER = os.path.relpath(SUITE.parent)  # however the suite is spelled
PLAN = load_plan(SUITE, OVERRIDES)
SETTINGS = [f"--set={key}={value}" for key, value in OVERRIDES.items()]

LONGEST = make_longest_plan(PLAN.suite)  # every repeat and probe that looks can grant
RUNS = {(run.experiment, str(run.repeat)): run for run in LONGEST.runs}
PRIORITY = {key: len(RUNS) - place for place, key in enumerate(RUNS)}

SEARCHED = {name: search.settings for name, search in PLAN.suite.capacity.items()}
CHECKOUTS = list_checkouts(settings.server for settings in [*RUNS.values(), *SEARCHED.values()])

PUBLISHED = PLAN.suite.published
PUBLISHED_TABLE = [str(SUITE.parent / PUBLISHED.table)] if PUBLISHED else []
PUBLISHED_OPTION = ["--published", *PUBLISHED_TABLE] if PUBLISHED else []

MEASURE_SOURCES = sources("server/**/*.py", "locustfiles/**/*.py", below=ROOT) + sources(
    "instrument/**/*.py",
    "measure/**/*.py",
    "results/processes.py",
    "results/requests.py",
    "results/socket_pids.py",
    "results/sockets.py",
    "results/thread_state.py",
    "results/threads.py",
)
SUMMARISE_SOURCES = sources(
    "summarise/**/*.py",
    "results/requests.py",
    "results/signal_groups.py",
    "results/tables.py",
    "theory/level_shift.py",
    "theory/operational.py",
    "theory/quantiles.py",
    "theory/rhythm.py",
    "theory/steady_state.py",
)
SEARCH_SOURCES = [*sources("search/**/*.py", "theory/overload.py"), *SUMMARISE_SOURCES]
ANALYSE_PATTERNS = (
    "analyse/**/*.py",
    "figures/**/*.py",
    "results/**/*.py",
    "theory/**/*.py",
    "suite/hypotheses.py",
)
ANALYSE_SOURCES = sources(*ANALYSE_PATTERNS)
LOOK_SOURCES = sources("looks/**/*.py", *ANALYSE_PATTERNS)
REPORT_SOURCES = sources(
    "analyse/experiment_rows.py",
    "analyse/headline.py",
    "report/**/*.py",
    "report/templates/*",
    "figures/**/*.py",
    "results/**/*.py",
    "suite/published.py",
)


wildcard_constraints:
    experiment="|".join(re.escape(name) for name in LONGEST.experiments),
    repeat=r"\d+",
    round=r"[1-9]\d*",
    search="|".join(re.escape(name) for name in PLAN.suite.capacity) or "none",
    checkout="|".join(CHECKOUTS) or "none",


def run_values(wildcards):
    """Return everything a run's result depends on, as the JSON that `loadstone measure` takes."""
    return RUNS[wildcards.experiment, wildcards.repeat].model_dump_json()


def own_files_of_run(wildcards):
    """List the user's own files that the load of a run depends on, none for loads of Loadstone's own."""
    return list_own_paths(RUNS[wildcards.experiment, wildcards.repeat].load)


def own_files_of_search(wildcards):
    """List the user's own files that the load of a search depends on."""
    return list_own_paths(PLAN.suite.capacity[wildcards.search].settings.load)


def list_own_paths(load):
    """List the paths of a load's own files; a missing one is reported when the suite is read."""
    return [str(path) for path in list_own_files(load, Path(SUITE_FOLDER)).values()]


def search_values(wildcards):
    """Return everything a search depends on, as the JSON that `loadstone search` takes."""
    return PLAN.suite.capacity[wildcards.search].model_dump_json()


def checkout_values(wildcards):
    """Return a commit and how it is built, as the JSON that `loadstone build` takes."""
    return CHECKOUTS[wildcards.checkout].model_dump_json()


def marker(settings):
    """List the file that shows that the commit of a server is built; nothing for other servers."""
    checkout = checkout_of(settings.server)
    return [] if checkout is None else [f"results/builds/{checkout.name}.json"]


def marker_of_run(wildcards):
    """List the marker of the commit that a run's server is."""
    return marker(RUNS[wildcards.experiment, wildcards.repeat])


def marker_of_search(wildcards):
    """List the marker of the commit that a search's server is."""
    return marker(SEARCHED[wildcards.search])


def run_priority(wildcards):
    """Rank a run so that Snakemake follows the plan's order: of the remaining runs, the first one planned."""
    return PRIORITY[wildcards.experiment, wildcards.repeat]


def take_looks(rounds):
    """List what looks granted, per round, at most `rounds` of them.

    Where a look has not been taken yet, this makes Snakemake take it first, and ask again.
    """
    grants = []
    while len(grants) < rounds:
        look = read_look(Path(checkpoints.look.get(round=len(grants) + 1).output.look))
        if not look.granted:
            break
        grants.append(look.granted)
    return grants


def of_plan(plan, files):
    """List a rule's output files for every run of a plan."""
    return expand(
        files, zip, experiment=[run.experiment for run in plan.runs], repeat=[run.repeat for run in plan.runs]
    )


def of_campaign(files):
    """List a rule's output files for every run of the campaign: the sure ones, and those that looks granted."""

    def list_files(wildcards):
        return of_plan(make_plan(PLAN.suite, take_looks(PLAN.rounds)), files)

    return list_files if PLAN.rounds else of_plan(PLAN, files)


def of_experiment(files, experiment):
    """List a rule's output files for the sure runs of an experiment. Looks are about the whole campaign."""
    return expand(files, experiment=experiment, repeat=range(1, PLAN.repeats[experiment] + 1))


def looks_taken(wildcards):
    """List the looks that the campaign has taken; none without repeats by need."""
    granting = len(take_looks(PLAN.rounds)) if PLAN.rounds else 0
    return expand(rules.look.output.look, round=range(1, min(granting + 1, PLAN.rounds) + 1))


def looks_before(wildcards):
    """List the looks before a look."""
    return expand(rules.look.output.look, round=range(1, int(wildcards.round)))


def summaries_before_look(wildcards):
    """List the tables of all runs that there are before a look."""
    return of_plan(make_plan(PLAN.suite, take_looks(int(wildcards.round) - 1)), rules.summarise.output)


if PLAN.rounds and workflow.output_settings.dryrun:
    print(
        f"loadstone: {len(PLAN.runs)} runs, {clock(PLAN.expected_s)} in total. {describe_rest(PLAN)}", file=sys.stderr
    )
