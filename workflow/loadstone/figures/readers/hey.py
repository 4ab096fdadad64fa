"""hey, oha and ghz, which print the same summary.

<https://github.com/rakyll/hey>, <https://github.com/hatoo/oha>, <https://ghz.sh>.
"""

import re
from typing import Any

from loadstone.figures.options import ReadOptions
from loadstone.figures.readers.run import ToolRun, at, figure_at, is_object, read_json, split_runs, table_of
from loadstone.figures.source import Source
from loadstone.figures.table import LoadTestTable

_START = re.compile(r"^[ \t]*Summary:[ \t]*$", re.MULTILINE)
_CUT_OFF = "aborted due to deadline"
"""How oha names requests that the end of the test cut off: they did not fail."""
_LINES = {"Count": "requests", "Total": "duration", "Average": "mean", "Slowest": "max"}


def recognises(source: Source) -> bool:
    """Whether the file is what hey or oha prints."""
    if _START.search(source.head) and "Requests/sec:" in source.head and "Slowest:" in source.head:
        return True
    return is_object(source) and '"requestsPerSec"' in source.head and '"summary"' in source.head


def read(source: Source, options: ReadOptions) -> LoadTestTable:
    """Read the runs of hey or oha in a file."""
    tree = read_json(source)
    if tree is not None:
        return table_of("oha", [_from_json(source, tree)], options)
    text = source.text()
    parts = split_runs(source, text, _START)
    kind = "oha" if "Success rate:" in text else "ghz" if "  Count:" in text else "hey"
    return table_of(kind, [_run(source, part) for part in parts], options)


def _run(source: Source, text: str) -> ToolRun:
    run = ToolRun(source)
    for name, meaning in _LINES.items():
        if found := re.search(rf"^[ \t]*{name}:\s+([0-9.]+(?: ?[a-zµ]+)?)", text, re.MULTILINE):
            run.take(meaning, name, found[1])
    if found := re.search(r"^[ \t]*Requests/sec:\s+(\S+)", text, re.MULTILINE):
        run.take("rps", "Requests/sec", found[1])
    for found in re.finditer(r"^[ \t]*([0-9]{1,3}(?:\.[0-9]+)?) ?%%? in ([0-9.]+ ?[a-zµ]+)", text, re.MULTILINE):
        run.take_quantile(float(found[1]) / 100, "Latency distribution", found[2])
    status, _, errors = text.partition("Error distribution:")
    codes = {int(code): int(count) for code, count in re.findall(r"\[([0-9]{3})\]\s+([0-9]{1,12}) responses", status)}
    failed = re.findall(rf"^[ \t]*\[([0-9]{{1,12}})\](?!\s+{_CUT_OFF})", errors, re.MULTILINE)
    _count(run, codes, sum(map(int, failed)))
    words = re.findall(r"\[([A-Za-z]+)\]\s+([0-9]{1,12}) responses", status)
    if words and not codes:
        run.take("failures", "Status code distribution", sum(int(number) for word, number in words if word != "OK"))
    return run


def _count(run: ToolRun, codes: dict[int, int], errors: int) -> None:
    if codes or errors:
        run.take("requests", "Status code distribution", sum(codes.values()) + errors)
        refused = sum(count for code, count in codes.items() if code >= 400)
        run.take("failures", "Error distribution", refused + errors)


def _from_json(source: Source, tree: Any) -> ToolRun:
    run = ToolRun(source)
    names = {"total": "duration", "average": "mean", "slowest": "max", "requestsPerSec": "rps"}
    for name, meaning in names.items():
        if (value := figure_at(tree, "summary", name)) is not None:
            run.take(meaning, name, value)
    for name in at(tree, "latencyPercentiles") or ():
        found = re.fullmatch(r"p([0-9]{1,2}(?:\.[0-9]+)?)", str(name))
        value = figure_at(tree, "latencyPercentiles", name)
        if found and value is not None:
            run.take_quantile(float(found[1]) / 100, "latencyPercentiles", value)
    counts = [at(tree, "statusCodeDistribution"), at(tree, "errorDistribution")]
    codes, errors = ({str(k): v for k, v in c.items() if type(v) is int} if isinstance(c, dict) else {} for c in counts)
    _count(
        run,
        {int(code): n for code, n in codes.items() if re.fullmatch("[0-9]{3}", code)},
        sum(number for error, number in errors.items() if error != _CUT_OFF),
    )
    return run
