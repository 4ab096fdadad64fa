"""Artillery's report as text, of version 2 and of version 1: <https://www.artillery.io/docs>."""

import re

from loadstone.figures.options import ReadOptions
from loadstone.figures.readers.run import ToolRun, table_of
from loadstone.figures.source import Source
from loadstone.figures.table import LoadTestTable

_START = re.compile(r"^[ \t]*(?:All VUs finished.*|Summary report @.*)$", re.MULTILINE)
_NUMBER = r"[ \t]*\.*[ \t]*([0-9]+(?:\.[0-9]+)?)"
_MILLISECONDS = 0.001


def recognises(source: Source) -> bool:
    """Whether the file is a report of Artillery."""
    return bool(_START.search(source.head)) and bool(
        re.search(r"http\.requests:|Requests completed:|vusers\.created", source.head)
    )


def read(source: Source, options: ReadOptions) -> LoadTestTable:
    """Read the last summary report."""
    text = source.text()
    text = text[list(_START.finditer(text))[-1].start() :]
    run = ToolRun(source)
    errors = _sum(r"^errors\.[^:\n]+:" + _NUMBER, text) + _sum(
        r"^[ \t]+\S[^:\n]*:\s+([0-9]{1,12})[ \t]*$", _section(text, "Errors")
    )
    completed = _first(rf"^(?:http\.requests|[ \t]*Requests completed):{_NUMBER}", text)
    responses = _first(rf"^http\.responses:{_NUMBER}", text)
    old = "Requests completed" in text
    if completed is not None:
        # version 1 counts completed requests, version 2 those that were sent
        run.take("requests", "requests", float(completed) + (errors if old else 0))
    refused = _sum(r"^http\.codes\.[45][0-9]{2}:" + _NUMBER, text) + _sum(
        r"^[ \t]+[45][0-9]{2}:\s+([0-9]{1,12})[ \t]*$", _section(text, "Codes")
    )
    if completed is not None and (old or responses is not None):
        run.take("failures", "codes and errors", refused + errors)
    if rate := _first(rf"^(?:http\.request_rate|[ \t]*RPS sent|[ \t]*Mean response/sec):{_NUMBER}", text):
        run.take("rps", "RPS sent", rate)
    names = ("http.response_time", "Request latency", "Response time (msec)")
    times = next((section for name in names if (section := _section(text, name))), "")
    for name, meaning in (("mean", "mean"), ("max", "max")):
        if value := _first(rf"^[ \t]+{name}:{_NUMBER}", times):
            run.take(meaning, f"response time {name}", value, _MILLISECONDS)
    for name, share in (("median", 0.5), ("p95", 0.95), ("p99", 0.99)):
        if value := _first(rf"^[ \t]+{name}:{_NUMBER}", times):
            run.take_quantile(share, name, value, _MILLISECONDS)
    run.scheduled = True
    run.notes.append("Artillery starts users at a rate: their number in the test is not stated")
    return table_of("Artillery's report", [run], options)


def _first(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else None


def _sum(pattern: str, text: str) -> float:
    return sum(float(value) for value in re.findall(pattern, text, re.MULTILINE))


def _section(text: str, name: str) -> str:
    """Take the indented lines below a line with a name."""
    found = re.search(rf"^([ \t]*){re.escape(name)}:[^\n]*\n((?:\1[ \t]+[^\n]*(?:\n|\Z))*)", text, re.MULTILINE)
    return found[2] if found else ""
