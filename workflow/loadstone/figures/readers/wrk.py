"""wrk and wrk2: <https://github.com/wg/wrk>, <https://github.com/giltene/wrk2>."""

import re

from loadstone.figures.options import ReadOptions
from loadstone.figures.readers.run import ToolRun, split_runs, table_of
from loadstone.figures.source import Source
from loadstone.figures.table import LoadTestTable

_START = re.compile(r"^Running .* test @ ", re.MULTILINE)
_QUANTILE = re.compile(r"^[ \t]+([0-9]{1,3}(?:\.[0-9]+)?)%\s+([0-9.]+(?:us|ms|s|m|h))[ \t]*$", re.MULTILINE)


def recognises(source: Source) -> bool:
    """Whether the file is what wrk prints."""
    return bool(_START.search(source.head)) and "threads and " in source.head


def read(source: Source, options: ReadOptions) -> LoadTestTable:
    """Read the runs of wrk or wrk2 in a file."""
    text = source.text()
    parts = split_runs(source, text, _START)
    kind = "wrk2" if "HdrHistogram" in text or "Thread calibration" in text else "wrk"
    return table_of(kind, [_run(source, part, kind) for part in parts], options)


def _run(source: Source, text: str, kind: str) -> ToolRun:
    run = ToolRun(source)
    if found := re.search(r"threads and ([0-9]{1,9}) connections", text):
        run.take("users", "connections", found[1])  # not used for wrk2
    if found := re.search(r"^[ \t]+Latency\s+(\S+)", text, re.MULTILINE):
        run.take("mean", "Latency Avg", found[1])
        columns = text[found.start() :].splitlines()[0].split()
        if len(columns) > 3:
            run.take("max", "Latency Max", columns[3])
    for found in _QUANTILE.finditer(text.partition("Detailed Percentile spectrum")[0]):
        run.take_quantile(float(found[1]) / 100, "Latency Distribution", found[2])
    if found := re.search(r"^[ \t]*([0-9]+) requests in (\S+),", text, re.MULTILINE):
        run.take("requests", "requests", found[1])
        run.take("duration", "requests in", found[2])
    if found := re.search(r"^Requests/sec:\s+(\S+)", text, re.MULTILINE):
        run.take("rps", "Requests/sec", found[1])
    errors = sum(map(int, re.findall(r" (?:connect|read|write|timeout) ([0-9]{1,12})\b", _socket_errors(text))))
    refused = re.search(r"Non-2xx or 3xx responses: ([0-9]{1,12})\b", text)
    if "rps" in run.figures:
        run.take("failures", "Socket errors, Non-2xx or 3xx responses", errors + int(refused[1] if refused else 0))
    if kind == "wrk":
        run.notes.append(
            "wrk may correct its latencies for coordinated omission: their mean can be above what was measured"
        )
    else:
        run.scheduled = True
        run.notes.append(
            "wrk2 sends at a rate: its latencies count from the moment a request was due, and more requests can be due "
            "than it has connections"
        )
    return run


def _socket_errors(text: str) -> str:
    found = re.search(r"Socket errors:(.*)", text)
    return found[1] if found else ""
