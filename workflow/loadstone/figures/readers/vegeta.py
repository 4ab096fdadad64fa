"""vegeta's reports: <https://github.com/tsenart/vegeta>. Requests are sent at a rate, whatever happens to them."""

import re
from typing import Any

from loadstone.figures.options import ReadOptions
from loadstone.figures.readers.run import ToolRun, at, figure_at, is_object, read_json, split_runs, table_of
from loadstone.figures.source import Source
from loadstone.figures.table import LoadTestTable

_START = re.compile(r"^Requests\s+\[total, rate", re.MULTILINE)
_LINE = re.compile(r"^(Requests|Duration|Latencies|Success)\s+\[([^\]]*)\]\s+(.*)$", re.MULTILINE)
_SCHEDULE = "vegeta sends at a rate, whatever the responses: it has no users, and the rate is what was asked for"
_NANOSECONDS = 1e-9


def recognises(source: Source) -> bool:
    """Whether the file is a report of vegeta, as text or JSON."""
    return bool(_START.search(source.head)) or (
        is_object(source) and '"latencies"' in source.head and '"status_codes"' in source.head
    )


def read(source: Source, options: ReadOptions) -> LoadTestTable:
    """Read the reports in a file."""
    tree = read_json(source)
    if tree is not None:
        return table_of("vegeta", [_from_json(source, tree)], options)
    text = source.text()
    parts = split_runs(source, text, _START)
    return table_of("vegeta", [_run(source, part) for part in parts], options)


def _new(source: Source) -> ToolRun:
    run = ToolRun(source)
    run.scheduled = True
    run.notes.append(_SCHEDULE)
    return run


def _run(source: Source, text: str) -> ToolRun:
    run = _new(source)
    meanings = {"Requests": {"total": "requests", "rate": "rps"}, "Duration": {"attack": "duration"}}
    for line, names, values in _LINE.findall(text):
        for name, value in zip(names.split(", "), values.split(","), strict=False):
            if line == "Latencies":
                _latency(run, name, value.strip(), None)
            elif line == "Success":
                run.take("success_share", "Success", value.strip())
                _fail(run)
            elif meaning := meanings[line].get(name):
                run.take(meaning, f"{line} [{name}]", value.strip())
    return run


def _latency(run: ToolRun, name: str, value: object, unit: float | None) -> None:
    if name in ("mean", "max"):
        run.take(name, f"Latencies [{name}]", value, unit)
    elif found := re.fullmatch(r"([0-9]{2}(?:\.[0-9]+)?)(?:th)?", name):
        run.take_quantile(float(found[1]) / 100, "Latencies", value, unit)


def _fail(run: ToolRun) -> None:
    success = run.value("success_share")
    if success is not None and success <= 1:
        run.take("failed_share", "Success", round(1 - success, 12))


def _from_json(source: Source, tree: Any) -> ToolRun:
    run = _new(source)
    for name, meaning, unit in (
        ("requests", "requests", None),
        ("rate", "rps", None),
        ("duration", "duration", _NANOSECONDS),
        ("success", "success_share", None),
    ):
        if (value := figure_at(tree, name)) is not None:
            run.take(meaning, name, value, unit)
    _fail(run)
    for name in at(tree, "latencies") or ():
        value = figure_at(tree, "latencies", str(name))
        if value is not None:
            _latency(run, str(name), value, _NANOSECONDS)
    return run
