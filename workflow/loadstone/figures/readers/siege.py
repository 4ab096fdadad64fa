"""siege: <https://www.joedog.org/siege-manual/>; its final figures, as text or JSON."""

import re

from loadstone.figures.options import ReadOptions
from loadstone.figures.readers.run import ToolRun, figure_at, is_object, read_json, split_runs, table_of
from loadstone.figures.source import Source
from loadstone.figures.table import LoadTestTable

_START = re.compile(r"^[ \t]*Transactions:\s+[0-9]+(?: hits)?", re.MULTILINE)
_LINES = {
    "Transactions": "successes",
    "Elapsed time": "duration",
    "Response time": "mean",
    "Transaction rate": "rps",
    "Failed transactions": "failures",
    "Longest transaction": "max",
}
_MILLISECONDS = 0.001


def recognises(source: Source) -> bool:
    """Whether the file has the final figures of siege."""
    head = source.head
    return (bool(_START.search(head)) and "Transaction rate:" in head) or (
        is_object(source) and '"transaction_rate"' in head and '"transactions"' in head
    )


def read(source: Source, options: ReadOptions) -> LoadTestTable:
    """Read the runs of siege in a file; a line above the figures that is no figure names the run."""
    text = source.text()
    tree = read_json(source)
    if tree is not None:
        figures = {name: figure_at(tree, name.lower().replace(" ", "_")) for name in (*_LINES, "Concurrency")}
        return table_of("siege", [_run(source, figures, None, "")], options)
    parts = split_runs(source, text, _START)
    above = text[: text.find(parts[0])]
    runs = []
    for part in parts:
        lines = dict(re.findall(r"^[ \t]*([A-Z][a-z]+(?: [a-z]+)?):\s+([0-9.]+ *[a-z/]*)", part, re.MULTILINE))
        figures = {name: lines.get(name) for name in (*_LINES, "Concurrency")}
        runs.append(_run(source, figures, _title(above), above))
        above = part
    return table_of("siege", runs, options)


def _run(source: Source, figures: dict[str, float | str | None], label: str | None, above: str) -> ToolRun:
    run = ToolRun(source, label)
    for name, meaning in _LINES.items():
        if (text := figures[name]) is not None:
            run.take(meaning, name, re.sub(r" *(?:hits|trans/sec)$", "", str(text)), 1.0)
    if found := re.search(r"Preparing ([0-9]+) concurrent users", above):
        run.take("users", "concurrent users", found[1])
    _sharpen_mean(run, figures["Concurrency"])
    successes, failures = run.value("successes"), run.value("failures") or 0.0
    if successes is not None:
        run.take("requests", "Transactions", successes + failures)
        if failures and run.value("duration"):
            run.figures.pop("rps", None)
            run.notes.append("the rate is that of all requests: siege's own counts those that succeeded")
    return run


def _sharpen_mean(run: ToolRun, concurrency: float | str | None) -> None:
    """Take the mean response time from siege's concurrency where that has more digits.

    siege prints response times with two decimals of a second. Its concurrency is the sum of all response times over
    the elapsed time, so that concurrency over rate is the same mean.
    """
    rate = run.value("rps")
    mean = run.figures.get("mean")
    if concurrency is None or not rate or mean is None or mean.value >= 100 * mean.rounding:
        return
    times_rate = run.read("users", "Concurrency", concurrency)
    if times_rate.value > 0 and times_rate.rounding / rate < mean.rounding:
        run.take("mean", "Concurrency", f"{times_rate.value / rate:.4g}")
        run.figures["mean"] = type(mean)(times_rate.value / rate, times_rate.rounding / rate)
        run.notes.append("mean response time from siege's Concurrency over its Transaction rate: it has more digits")


def _title(above: str) -> str | None:
    lines = [line.strip("#*: \t") for line in above.splitlines() if line.strip()]
    if not lines or len(lines[-1]) > 60 or re.search(r"[:$]|\.\.\.|^\{|siege", lines[-1]):
        return None
    return lines[-1]
