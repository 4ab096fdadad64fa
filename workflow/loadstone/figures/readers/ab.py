"""ApacheBench: <https://httpd.apache.org/docs/current/programs/ab.html>."""

import re

from loadstone.figures.options import ReadOptions
from loadstone.figures.readers.run import ToolRun, split_runs, table_of
from loadstone.figures.source import Source
from loadstone.figures.table import LoadTestTable

_START = re.compile(r"^Concurrency Level:\s", re.MULTILINE)
_LINES = {
    "Concurrency Level": "users",
    "Time taken for tests": "duration",
    "Complete requests": "requests",
    "Requests per second": "rps",
}
_MILLISECONDS = 0.001


def recognises(source: Source) -> bool:
    """Whether the file is what ab prints."""
    return bool(_START.search(source.head)) and "Time taken for tests:" in source.head


def read(source: Source, options: ReadOptions) -> LoadTestTable:
    """Read the runs of ab in a file."""
    text = source.text()
    parts = split_runs(source, text, _START)
    return table_of("ab", [_run(source, part) for part in parts], options)


def _run(source: Source, text: str) -> ToolRun:
    run = ToolRun(source)
    for name, meaning in _LINES.items():
        if found := re.search(rf"^{name}:\s+([0-9.]+)", text, re.MULTILINE):
            run.take(meaning, name, found[1])
    # "Time per request" is concurrency over rate, and agrees with them in any case: it was not measured
    if found := re.search(r"^Total:\s+[0-9]+\s+([0-9]+)\s+[0-9.]+\s+([0-9]+)\s+([0-9]+)", text, re.MULTILINE):
        run.take("mean", "Connection Times, Total", found[1], _MILLISECONDS)
        run.take("max", "Connection Times, Total", found[3], _MILLISECONDS)
    elif "Time per request" in text:
        run.notes.append("ab computes Time per request from concurrency and rate: not used as a response time")
    if found := re.search(r"^Failed requests:\s+([0-9]{1,12})\b", text, re.MULTILINE):
        _take_failures(run, text, int(found[1]))
    for share, value in re.findall(
        r"^[ \t]*([0-9]{1,3})%\s+([0-9]+)", text.partition("Percentage of the requests")[2], re.M
    ):
        run.take_quantile(int(share) / 100, "Percentage of the requests", value, _MILLISECONDS)
    return run


def _take_failures(run: ToolRun, text: str, failed: int) -> None:
    """Count failures: responses of another length than the first one do not count, responses that are not 2xx do."""
    length = re.search(r"\bLength: ([0-9]{1,12})\b", text)
    refused = re.search(r"^Non-2xx responses:\s+([0-9]{1,12})\b", text, re.MULTILINE)
    others = failed - min(failed, int(length[1])) if length else failed
    if length and int(length[1]):
        run.notes.append(f"{length[1]} responses that ab calls failed have another length than the first: not counted")
    run.take("failures", "Failed requests", others + int(refused[1] if refused else 0))
