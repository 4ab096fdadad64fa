"""Read a suite file: a checked `Suite`, or one line for each mistake in the file.

The settings of an experiment are merged from layers (`loadstone.suite.layers`) and then validated. Each mistake is
reported at the topmost layer that sets the offending key.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from loadstone.errors import SuiteError, TableError
from loadstone.suite.bounded_yaml import read_yaml
from loadstone.suite.capacity import Search
from loadstone.suite.check_hypotheses import SuiteContents, check_hypotheses
from loadstone.suite.commits import CommitNames
from loadstone.suite.explain import explain_all, keys_of
from loadstone.suite.layers import Layer, collect_layers, merge_layers
from loadstone.suite.model import MAX_TITLE, Suite, SuiteFile, Sweep
from loadstone.suite.own_files import find_client, find_complaints
from loadstone.suite.published import read_published
from loadstone.suite.settings import Settings
from loadstone.suite.size_limits import MAX_RUNS, check_size
from loadstone.suite.types import format_duration
from loadstone.text import dotted, listed, short

OVERRIDABLE = ("duration", "warm_up", "repeats", "seed", "budget")
UNTELLING = ("config", "loadstone", "suite")
"""Names of suites' files that do not state what is tested."""
OF_SUITE = ("seed", "budget")
"""Keys that can be given on the command line, in place of the suite's own and of its defaults."""


def load_suite(path: Path, overrides: Mapping[str, Any] | None = None) -> Suite:
    """Read the suite at `path`; `overrides` (see `OVERRIDABLE`) replace its defaults.

    A commit that a server names becomes its full hash. Raises `SuiteError` with one line per mistake.
    """
    overrides = dict(overrides or {})
    if unknown := sorted(set(overrides) - set(OVERRIDABLE)):
        raise SuiteError(
            "\n".join(f"command line: {key}: unknown key; allowed: suite, {', '.join(OVERRIDABLE)}" for key in unknown)
        )
    file = _read(path)
    command_line = Layer("command line", {key: value for key, value in overrides.items() if key not in OF_SUITE})
    bottom = [command_line, Layer("defaults", file.defaults)]
    layered = collect_layers(path, file, bottom)
    complaints = layered.complaints
    if len(layered.layers) > MAX_RUNS:
        raise SuiteError(f"{path}: {len(layered.layers):,} experiments; allowed: at most {MAX_RUNS:,}")

    experiments: dict[str, Settings] = {}
    for name, layers in layered.layers.items():
        try:
            experiments[name] = _complete(Settings.model_validate(merge_layers(layers)), path.parent)
        except ValidationError as error:
            complaints += explain_all(path, error, layers)
    searches, mistakes = _fill_in_searches(path, file, layered.layers, bottom)
    complaints += mistakes
    for name, settings in [*experiments.items(), *((name, search.settings) for name, search in searches.items())]:
        complaints += [f"{path}: {name}.{complaint}" for complaint in find_complaints(settings.load, path.parent)]
        if settings.load.imported is not None:
            complaints.append(f"{path}: {name}.load.imported: only loadstone import writes it")
    complaints += _check_published(path, file, set(layered.layers))
    sweeps = {
        name: Sweep(vary=sweep.vary, fit=tuple(sweep.fit), levels=tuple(layered.levels.get(name, ())))
        for name, sweep in file.sweeps.items()
    }
    contents = SuiteContents(
        names=layered.layers, experiments=experiments, sweeps=sweeps, rows=_published_rows(path, file)
    )
    complaints += check_hypotheses(path, file.hypotheses, contents)
    complaints += check_size(path, experiments, searches)
    if complaints:
        raise SuiteError("\n".join(dict.fromkeys(complaints)))
    commits = CommitNames(path)
    experiments = {
        name: commits.resolve(settings, f"experiments.{name}", layered.layers[name])
        for name, settings in experiments.items()
    }
    searches = {
        name: search.model_copy(update={"settings": commits.resolve(search.settings, f"capacity.{name}")})
        for name, search in searches.items()
    }
    if commits.complaints:
        raise SuiteError("\n".join(commits.complaints))

    seed = _seed(overrides.get("seed", file.seed))
    return Suite(
        title=file.title or _title_of(path),
        seed=seed,
        budget=_budget(overrides.get("budget"), file),  # type: ignore[arg-type]  # read from text
        experiments=experiments,
        sweeps=sweeps,
        capacity=searches,
        baselines=file.baselines,
        thresholds=file.thresholds,
        hypotheses=file.hypotheses,
        published=file.published,
    )


def _title_of(path: Path) -> str | None:
    """Make a title of a file's name: `checkout-service.yaml` is about a checkout service."""
    words = " ".join(path.stem.replace("_", " ").replace("-", " ").split())[:MAX_TITLE].strip()
    return words if words and words.isprintable() and path.stem not in UNTELLING else None


def _complete(settings: Settings, folder: Path) -> Settings:
    """Fill in the client of a locustfile's users, unless the suite gives it."""
    load = settings.load
    if load.locustfile is None or "user" in load.model_fields_set:
        return settings
    return settings.model_copy(update={"load": load.model_copy(update={"user": find_client(load, folder)})})


def _read(path: Path) -> SuiteFile:
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise SuiteError(f"{path}: {short(raw)} is not a suite; allowed: a mapping of {', '.join(keys_of(SuiteFile))}")
    try:
        file = SuiteFile.model_validate(raw)
    except ValidationError as error:
        layers = [Layer("", raw)]
        raise SuiteError("\n".join(dict.fromkeys(explain_all(path, error, layers, SuiteFile)))) from None
    if not file.experiments and not file.sweeps:
        raise SuiteError(f"{path}: nothing to run; add at least one experiment or sweep")
    return file


def _fill_in_searches(
    path: Path, file: SuiteFile, experiments: Mapping[str, list[Layer]], bottom: Sequence[Layer]
) -> tuple[dict[str, Search], list[str]]:
    """Fill in the settings of the searches for a capacity; return them with a line per mistake."""
    searches: dict[str, Search] = {}
    complaints: list[str] = []
    for name, search in file.capacity.items():
        where = f"{path}: capacity.{name}"
        if name in experiments:
            complaints.append(f"{where}: an experiment has the same name; allowed: a name that no experiment has")
        if search.base is not None and search.base not in experiments:
            allowed = listed(experiments) or "none, since there are no experiments"
            complaints.append(f"{where}.base: {short(search.base)} is not an experiment; allowed: {allowed}")
            continue
        layers = [Layer(f"capacity.{name}", search.overrides), *(experiments[search.base] if search.base else bottom)]
        try:
            settings = _complete(Settings.model_validate(merge_layers(layers)), path.parent)
        except ValidationError as error:
            complaints += explain_all(path, error, layers)
            continue
        searches[name] = Search(settings=settings, slo=search.slo, rates=search.rates, within=search.within)
    return searches, complaints


def _budget(given: object, file: SuiteFile) -> str | None:
    """Return the budget as a suite writes it."""
    try:
        seconds = file.budget if given is None else SuiteFile.model_validate({"budget": given}).budget
        return None if seconds is None else format_duration(seconds)
    except ValidationError as error:
        allowed = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise SuiteError(f"command line: budget: {short(given)} is not allowed; allowed: {allowed}") from None


def _seed(value: object) -> int:
    try:
        return SuiteFile.model_validate({"seed": value}).seed
    except ValidationError:
        raise SuiteError(f"command line: seed: {short(value)} is not allowed; allowed: 0 to 4294967295") from None


def _check_published(path: Path, file: SuiteFile, experiments: set[str]) -> list[str]:
    if file.published is None:
        return []
    where = f"{path}: published"
    complaints = [
        f"{where}.rows.{dotted(name)}: no such experiment; allowed: {listed(sorted(experiments))}"
        for name in file.published.rows
        if name not in experiments
    ]
    table = path.parent / file.published.table
    if not table.is_file():
        return [*complaints, f"{where}.table: {short(file.published.table)}: no such file in the suite's folder"]
    try:
        rows = read_published(table)
    except TableError as error:
        return [*complaints, str(error)]
    complaints += [
        f"{where}.rows.{dotted(name)}: {short(row)} is not a row of {table}; allowed: {listed(sorted(rows))}"
        for name, row in file.published.rows.items()
        if row not in rows
    ]
    return complaints


def _published_rows(path: Path, file: SuiteFile) -> list[str] | None:
    """List the rows of the published table; empty if it cannot be read, None if the suite names no table."""
    if file.published is None:
        return None
    try:
        return list(read_published(path.parent / file.published.table))
    except TableError:
        return []
