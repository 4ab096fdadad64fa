"""autocannon: its tables, or its JSON: <https://github.com/mcollina/autocannon>."""

import itertools
import re
from typing import Any

from loadstone.figures.options import ReadOptions
from loadstone.figures.readers.run import ToolRun, at, figure_at, is_object, read_json, split_runs, table_of
from loadstone.figures.source import Source
from loadstone.figures.table import LoadTestTable

_START = re.compile(r"^Running .* test @ ", re.MULTILINE)
_JSON_QUANTILE = re.compile(r"p([0-9]{1,2})(?:_([0-9]+))?")
_MILLISECONDS = 0.001


def recognises(source: Source) -> bool:
    """Whether the file is what autocannon prints."""
    return "Req/Bytes counts sampled" in source.head or (
        is_object(source) and '"non2xx"' in source.head and '"latency"' in source.head
    )


def read(source: Source, options: ReadOptions) -> LoadTestTable:
    """Read the runs of autocannon in a file."""
    tree = read_json(source)
    if tree is not None:
        return table_of("autocannon", [_from_json(source, tree)], options)
    text = source.text()
    parts = split_runs(source, text, _START)
    return table_of("autocannon", [_run(source, part) for part in parts], options)


def _run(source: Source, text: str) -> ToolRun:
    run = ToolRun(source)
    if found := re.search(r"^([0-9]+) connections", text, re.MULTILINE):
        run.take("users", "connections", found[1])
    latency, rate = _table(text, "Latency"), _table(text, "Req/Sec")
    for name, cell in latency.items():
        if name in ("Avg", "Max"):
            run.take("mean" if name == "Avg" else "max", f"Latency {name}", cell, _MILLISECONDS)
        elif name.endswith("%") and re.fullmatch(r"[0-9]{1,2}(?:\.[0-9]+)?%", name):
            run.take_quantile(float(name[:-1]) / 100, "Latency", cell, _MILLISECONDS)
    if found := re.search(r"^[0-9.]+[kM]? requests in ([0-9.]+m?s),", text, re.MULTILINE):
        run.take("duration", "requests in", found[1])
    answered = re.search(r"^([0-9]{1,12}) 2xx responses, ([0-9]{1,12}) non 2xx responses", text, re.MULTILINE)
    errors = re.search(r"^([0-9]{1,12}) errors", text, re.MULTILINE)
    if answered:
        others = int(answered[2]) + int(errors[1] if errors else 0)
        run.take("requests", "2xx and non 2xx responses", int(answered[1]) + others)
        run.take("failures", "non 2xx responses, errors", others)
    if "Avg" in rate and not (answered and run.value("duration")):
        run.take("rps", "Req/Sec Avg", rate["Avg"].replace(",", ""))
    _note_samples(run)
    return run


def _note_samples(run: ToolRun) -> None:
    """State where the rate is from: autocannon's own is a mean of whole seconds, without the last part of one."""
    if "rps" not in run.figures and "requests" in run.figures:
        run.notes.append("the rate is requests over duration: autocannon's own is a mean of whole seconds")


def _table(text: str, name: str) -> dict[str, str]:
    """Take the row of a name out of its table, by the heads of the columns."""
    lines = [[cell.strip() for cell in line.strip("│| \r").split("│")] for line in text.splitlines() if "│" in line]
    for head, row in itertools.pairwise(lines):
        if head[0] == "Stat" and row[0] == name:
            return dict(zip(head[1:], row[1:], strict=False))
    return {}


def _from_json(source: Source, tree: Any) -> ToolRun:
    run = ToolRun(source)
    for meaning, unit, *keys in (
        ("users", None, "connections"),
        ("duration", None, "duration"),
        ("requests", None, "requests", "total"),
        ("mean", _MILLISECONDS, "latency", "average"),
        ("max", _MILLISECONDS, "latency", "max"),
    ):
        if (value := figure_at(tree, *map(str, keys))) is not None:
            run.take(str(meaning), ".".join(map(str, keys)), value, unit if isinstance(unit, float) else None)
    for name in at(tree, "latency") or ():
        found = _JSON_QUANTILE.fullmatch(str(name))
        value = figure_at(tree, "latency", str(name))
        if found and value is not None:
            run.take_quantile(float(f"{found[1]}.{found[2] or 0}") / 100, "latency", value, _MILLISECONDS)
    failures = [figure_at(tree, name) for name in ("errors", "non2xx")]
    counts = [int(count) for count in failures if isinstance(count, int | float) and count >= 0]
    if len(counts) == len(failures):
        run.take("failures", "errors, non2xx", sum(counts))
    _note_samples(run)
    return run
