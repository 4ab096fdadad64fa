"""k6: the summary at the end of a test, as text or as JSON: <https://grafana.com/docs/k6/latest/results-output/>."""

import re
from collections.abc import Mapping
from typing import Any

from loadstone.figures.numbers import read_figure
from loadstone.figures.options import ReadOptions
from loadstone.figures.readers.run import ToolRun, at, figure_at, is_object, read_json, table_of
from loadstone.figures.row import ThinkTimeRange
from loadstone.figures.source import Source
from loadstone.figures.table import LoadTestTable

_LINE = re.compile(r"^[ \t]*(?:[✓✗]\s)?([a-z_]+)\.{2,}:(.*)$", re.MULTILINE)
_PAIR = re.compile(r"([a-z0-9()._]+)=([0-9.]+[a-zµ]*(?:[0-9.]+[a-zµ]+)*)")
_QUANTILE = re.compile(r"p\(([0-9]{1,2}(?:\.[0-9]+)?)\)")
_MILLISECONDS = 0.001
_OPEN = re.compile(r"iterations/s|iters/s|arrival-rate")


def recognises(source: Source) -> bool:
    """Whether the file is a summary of k6."""
    head = source.head
    return bool(re.search(r"^[ \t]*http_reqs\.+:", head, re.MULTILINE)) or (
        '"http_reqs"' in head and '"metrics"' in head and is_object(source)
    )


def read(source: Source, options: ReadOptions) -> LoadTestTable:
    """Read a summary of k6."""
    tree = read_json(source)
    run = ToolRun(source)
    if tree is None:
        text = source.text()
        run_open = bool(_OPEN.search(text))
        _from_text(run, text)
    else:
        run_open = False
        _from_json(run, tree)
    if run_open:
        run.notes = ["k6 started iterations at a rate: the virtual users are not a number of users who wait"]
        for name in ("vus", "max VUs", "iteration_duration avg"):
            run.understood.pop(name, None)
        run.figures.pop("users", None)
        run.think, run.scheduled = None, True
    return table_of("k6", [run], options)


def _from_text(run: ToolRun, text: str) -> None:
    lines = {name: value.strip() for name, value in _LINE.findall(text)}
    if found := re.match(r"([0-9]+)\s+([0-9.]+)/s", lines.get("http_reqs", "")):
        run.take("requests", "http_reqs", found[1])
        run.take("rps", "http_reqs", found[2])
    if running := re.findall(r"^running \(([0-9hms.]+)\)", text.replace("\r", "\n"), re.MULTILINE):
        run.take("duration", "running", running[-1])
    pairs = dict(_PAIR.findall(lines.get("http_req_duration", "")))
    _take_times(run, pairs, None)
    if found := re.match(r"([0-9.]+%)", lines.get("http_req_failed", "")):
        run.take("failed_share", "http_req_failed", found[1])
    if found := re.search(r"\bmax=([0-9]+)", lines.get("vus", "")):
        run.take("users", "vus", found[1])
    elif found := re.search(r"\b([0-9]{1,9}) max VUs", text):
        run.take("users", "max VUs", found[1])
    if re.search(r"looping VUs .*over [0-9]+ stages", text):
        run.figures.pop("users", None)
        run.notes.append("the number of virtual users changed in stages: none holds for the whole test")
    elif not re.search(r"[0-9] looping VUs for ", text):  # the number falls at the end of any test
        _note_users(run, re.search(r"\bmin=([0-9]+)", lines.get("vus", "")))
    iteration = dict(_PAIR.findall(lines.get("iteration_duration", ""))).get("avg")
    count = re.match(r"([0-9]+)\b", lines.get("iterations", ""))
    figure = read_figure(iteration, "time") if iteration else None
    _take_think(run, figure.value if figure else None, float(count[1]) if count else None)


def _from_json(run: ToolRun, tree: Any) -> None:
    metrics = at(tree, "metrics")

    def figure(metric: str, name: str) -> float | str | None:
        inner = figure_at(metrics, metric, "values", name)
        return figure_at(metrics, metric, name) if inner is None else inner

    for meaning, metric, name, unit in (
        ("requests", "http_reqs", "count", None),
        ("rps", "http_reqs", "rate", None),
        ("mean", "http_req_duration", "avg", _MILLISECONDS),
        ("users", "vus", "max", None),
    ):
        if (value := figure(metric, name)) is not None:
            run.take(meaning, f"{metric} {name}", value, unit)
    times = at(metrics, "http_req_duration", "values") or at(metrics, "http_req_duration")
    if isinstance(times, Mapping):
        _take_times(run, {str(name): value for name in times if (value := figure_at(times, str(name)))}, _MILLISECONDS)
    share = figure("http_req_failed", "rate")
    share = figure("http_req_failed", "value") if share is None else share
    if share is not None:
        run.take("failed_share", "http_req_failed", share)
    if (milliseconds := figure_at(tree, "state", "testRunDurationMs")) is not None:
        run.take("duration", "testRunDurationMs", milliseconds, _MILLISECONDS)
    least = figure("vus", "min")
    _note_users(run, re.match(r"([0-9]+)", str(least)))
    iteration, count = figure("iteration_duration", "avg"), figure("iterations", "count")
    seconds = run.read("mean", "iteration_duration", iteration, _MILLISECONDS).value if iteration is not None else None
    _take_think(run, seconds, run.read("requests", "iterations", count).value if count is not None else None)


def _take_times(run: ToolRun, pairs: Mapping[str, Any], unit: float | None) -> None:
    for name, meaning in (("avg", "mean"), ("max", "max")):
        if name in pairs:
            run.take(meaning, f"http_req_duration {name}", pairs[name], unit)
    if "med" in pairs:
        run.take_quantile(0.5, "med", pairs["med"], unit)
    for name, value in pairs.items():
        if found := _QUANTILE.fullmatch(name):
            run.take_quantile(float(found[1]) / 100, name, value, unit)


def _note_users(run: ToolRun, least: re.Match[str] | None) -> None:
    users = run.value("users")
    if users and least and float(least[1]) < users:
        run.notes.append(f"the number of virtual users varied, from {least[1]} to {users:g}: the largest is taken")


def _take_think(run: ToolRun, iteration_s: float | None, iterations: float | None) -> None:
    """Find the mean think time per request: what an iteration lasts, less the responses in it."""
    requests, mean = run.value("requests"), run.value("mean")
    if iteration_s is None or not requests or mean is None or iterations == 0:
        return
    if iterations is None:
        run.notes.append("one request per iteration assumed: the summary does not state the iterations")
    think = iteration_s * (iterations or requests) / requests - mean
    if think >= 0:
        run.think = ThinkTimeRange(low=round(think, 9), high=round(think, 9))
        run.understood["iteration_duration avg"] = "with the response time, the mean think time per request"
