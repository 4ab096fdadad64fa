"""Search a capacity: measure a rate, judge it, choose the next, until the bracket is narrow. Every probe is kept."""

import shutil
from collections.abc import Callable
from pathlib import Path

from loadstone.files import write_bytes
from loadstone.measure.checkout import BUILDS
from loadstone.measure.run import measure
from loadstone.plan.schedule import Run, random_seed
from loadstone.results.json_file import to_json
from loadstone.results.search import Probe, SearchResult
from loadstone.results.signals import Signals
from loadstone.results.verdicts import Judgement
from loadstone.search.bisect import Measured, calm_ms, conclude, judge_probe, next_rate
from loadstone.suite.capacity import Search
from loadstone.suite.hypotheses import ALL
from loadstone.suite.settings import Conditions
from loadstone.summarise.stage import summarise_folder


def search_capacity(
    search: Search,
    name: str,
    seed: int,
    into: Path,
    log: Path,
    failed: Path,
    base: Path = Path(),
    *,
    builds: Path = BUILDS,
    judge: Callable[[Signals], Judgement] | None = None,
) -> SearchResult:
    """Search; leave `search.json` and, for each probe, a folder with the run and its tables in `into`.

    Relative paths in its settings start from the folder `base`; `builds` holds the checkouts of commits. `judge`
    names what limited the throughput of each step: the next rate does not depend on it. Raises `MeasureError` where a
    run breaks; what it had recorded is then in a folder in `failed`.
    """
    probes: list[Probe] = []
    for old in into.glob("probe-*"):
        shutil.rmtree(old)
    while (rate := next_rate(search, probes)) is not None:
        folder = f"probe-{len(probes) + 1}"
        run = _run(search, name, rate, seed, len(probes) + 1)
        record = measure(run, into / folder, log, failed / folder, base, builds=builds)
        summary = summarise_folder(record, into / folder)
        summary.write(into / folder)
        table = summary.tables["endpoints"]
        row = {str(key): value for key, value in table[table["endpoint"] == ALL].iloc[0].items()}
        begin, end = summary.window
        signals = summary.values["signals"]
        assert isinstance(signals, Signals)  # noqa: S101 - by its name
        judgement = judge(signals) if judge else None
        measured = Measured(signals=signals, judgement=judgement, calm_ms=calm_ms(probes))
        probes.append(judge_probe(search, rate, row, folder, summary.starts, end - begin, measured))
    result = conclude(search, probes)
    shutil.rmtree(failed, ignore_errors=True)  # another attempt's probes, which may have had other numbers
    write_bytes(into / "search.json", to_json(result))
    return result


def _run(search: Search, name: str, rate: float, seed: int, number: int) -> Run:
    """Lay out the run of one probe."""
    load = search.settings.load
    assert load.arrivals is not None  # noqa: S101 - the suite sees to that
    changed = load.model_copy(update={"arrivals": load.arrivals.model_copy(update={"rate": rate})})
    conditions = Conditions.model_construct(**{**dict(search.settings.conditions), "load": changed})
    return Run.model_construct(experiment=name, repeat=number, seed=random_seed(seed, name, number), **dict(conditions))
