"""`loadstone fit`: a scaling law for any table."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loadstone.cli.console import print_json
from loadstone.cli.options import DecimalMark, Json, read_decimal
from loadstone.text import four_digits, listed, printable, several

if TYPE_CHECKING:
    from loadstone.analyse.fit_table import TableFit
    from loadstone.theory.fitting import LawComparison
    from loadstone.theory.scaling import Fit

FORMULAS = {
    "linear": "X(n) = x1·n",
    "amdahl": "X(n) = x1·n / (1 + sigma·(n - 1))",
    "usl": "X(n) = gamma·n / (1 + alpha·(n - 1) + beta·n·(n - 1))",
    "capped": "X(n) = min(x1·n, cap)",
}


def fit(
    table: Annotated[
        Path,
        typer.Argument(
            help="CSV file with one row per run, such as results/summary.csv. Its first line names the columns."
        ),
    ],
    x: Annotated[
        str,
        typer.Option(
            "--x", metavar="COLUMN", help="Column of the number that was swept: workers, users, cores, level."
        ),
    ],
    y: Annotated[
        str, typer.Option("--y", metavar="COLUMN", help="Column of the throughput. Repeats are further rows.")
    ],
    law: Annotated[
        str,
        typer.Option(
            metavar="amdahl|usl|linear|capped|best",
            help="Law to fit. best chooses the simplest one that describes the runs.",
        ),
    ] = "best",
    weights: Annotated[
        str,
        typer.Option(
            metavar="relative|equal", help="relative fits the logarithm of throughput; equal is plain least squares."
        ),
    ] = "relative",
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE", help="Use only the rows with this value in this column. You can repeat this option."
        ),
    ] = None,
    decimal: DecimalMark = None,
    json: Json = False,
) -> None:
    r"""Fit a scaling law to a table from any tool: how much is serial, how far it scales, and what to doubt.

    Example: loadstone fit scaling.csv --x workers --y throughput
             loadstone fit results/summary.csv --x level --y throughput_rps \
                 --where sweep=gunicorn-workers

    Of a campaign's summary.csv, the rows for all endpoints together are used,
    unless --where chooses an endpoint. With several sweeps, choose one. Runs
    that do not count, by the verdicts.json next to it, are left out.

    The first line states whether the law fits. If the runs cannot determine the
    law, it states the reason, and the exit code is 0.

    Exit codes: 1 if verdicts.json is damaged; 2 if the table or an option cannot
    be used.
    """
    from loadstone.analyse.fit_table import fit_table

    table_fit = fit_table(table, x, y, law, weights, where or (), read_decimal(decimal))
    if json:
        print_json(fit_json(table_fit))
    else:
        print(fit_text(table_fit))


def fit_json(table_fit: "TableFit") -> dict[str, Any]:
    """Lay out a fit; infinite figures become null in JSON."""
    from loadstone.analyse.fit_headline import write_headline, write_serial_fractions
    from loadstone.theory.caveats import shows_peak
    from loadstone.theory.misfit import largest_miss, misses, noise_of

    fit = table_fit.fit
    if fit is None:
        unknown = dict.fromkeys(("peak", "max_speedup", "lack_of_fit_p", "aicc"))
        layout: dict[str, Any] = {"law": table_fit.law, "parameters": {}, **unknown}
        layout |= dict.fromkeys(("fits", "largest_miss", "measured_speedup"))
    else:
        miss = largest_miss(fit)
        layout = {
            "law": fit.law,
            "parameters": {name: asdict(estimate) for name, estimate in fit.parameters.items()},
            "peak": fit.peak,
            "max_speedup": fit.max_speedup,
            "lack_of_fit_p": fit.lack_of_fit_p,
            "aicc": fit.aicc,
            "fits": not misses(fit),
            "largest_miss": {**asdict(miss), "share": miss.share},
            "measured_speedup": fit.measured_speedup,
        }
    noise = noise_of(table_fit.runs)
    layout |= {
        "n": len(table_fit.runs.n),
        "weights": table_fit.weights,
        "warnings": list(fit.warnings) if fit is not None else [],
        "identifiable": fit is not None,
        "summary": " ".join(filter(None, (write_headline(table_fit), write_serial_fractions(table_fit)))),
        "noise": {"share": noise.share, "source": noise.source},
        "peak_shown": fit is not None and shows_peak(fit),
        "karp_flatt": [{"n": n, "serial_fraction": share} for n, share in table_fit.serial_fractions.items()],
    }
    if table_fit.where:
        layout["where"] = table_fit.where
    if table_fit.left_out:
        layout["left_out"] = [{"experiment": name, "repeat": repeat} for name, repeat in table_fit.left_out]
    if table_fit.notes:
        layout["notes"] = list(table_fit.notes)
    if fit is None:
        layout["reason"] = table_fit.reason
    if table_fit.law == "best":
        layout["steps"] = [asdict(step) for step in table_fit.steps]
    return layout


def fit_text(table_fit: "TableFit") -> str:
    """Write a fit as text: whether it fits, rows, parameters, limits, the choice of the law, levels, what to doubt."""
    return "\n".join(_lines(table_fit))


def _lines(table_fit: "TableFit") -> Iterator[str]:
    from loadstone.analyse.fit_headline import write_headline, write_serial_fractions

    fit, runs = table_fit.fit, table_fit.runs
    yield write_headline(table_fit)
    if serial := write_serial_fractions(table_fit):
        yield serial
    if table_fit.where:
        chosen = ", ".join(printable(f"{column}={value}") for column, value in table_fit.where.items())
        yield f"{len(runs.n)} of {table_fit.rows} rows: {chosen}"
    if table_fit.left_out:
        names = listed([f"{name}, repeat {repeat}" for name, repeat in table_fit.left_out])
        yield f"{several(len(table_fit.left_out), 'run')} left out, not counted in verdicts.json: {names}"
    yield from (f"Note: {note}" for note in table_fit.notes)
    if fit is not None:
        yield from _figures(fit, table_fit.steps)


def _figures(fit: "Fit", steps: "Sequence[LawComparison]") -> Iterator[str]:
    runs = fit.runs
    yield ""
    yield f"{fit.law}: {FORMULAS[fit.law]}, fitted to {len(runs.n)} runs at {len(runs.levels)} levels of n"
    yield ""
    yield f"  {'':8}{'value':>12}{'95 % from':>12}{'to':>12}{'stderr':>12}"
    for name, estimate in fit.parameters.items():
        figures = (estimate.value, estimate.low, estimate.high, estimate.stderr)
        yield f"  {name:8}" + "".join(map(_cell, figures))
    yield ""
    yield from _limits(fit)
    yield f"  lack of fit p = {four_digits(fit.lack_of_fit_p)}, AICc = {four_digits(fit.aicc)}"
    for step in steps:
        verdict = "taken" if step.taken else "not needed" if step.p is not None else "not taken"
        reasons = [f"nested F p = {four_digits(step.p)}"] if step.p is not None else []
        if step.aicc_gain is not None:
            reasons.append(f"AICc {'lower' if step.aicc_gain > 0 else 'higher'} by {four_digits(abs(step.aicc_gain))}")
        yield f"  {step.larger} against {step.smaller}: {verdict}" + (f" ({', '.join(reasons)})" if reasons else "")
    yield ""
    yield f"  {'n':>8}{'measured':>12}{'fitted':>12}{'efficiency':>12}{'Karp-Flatt':>12}"
    serial = fit.karp_flatt
    for n, values in runs.by_level.items():
        cells = (sum(values) / len(values), fit.throughput(n), fit.efficiency(n), serial.get(n))
        yield f"  {n:8g}" + "".join(_cell(figure) for figure in cells)
    if fit.warnings:
        yield ""
    yield from (f"• {warning}" for warning in fit.warnings)


def _limits(fit: "Fit") -> Iterator[str]:
    """State the greatest speedup and throughput by the law, and what was measured where that is more."""
    from loadstone.theory.caveats import exceeded, shows_peak
    from loadstone.theory.scaling import USLFit

    more = fit.measured_speedup > fit.max_speedup
    speedup = f"about {four_digits(fit.max_speedup)}" if more else four_digits(fit.max_speedup)
    peak = f", at n = {four_digits(fit.peak)}" if fit.peak and shows_peak(fit) else ""
    no_limit = ", so it is no limit" if exceeded(fit) else ""
    measured = f" by the law; {four_digits(fit.measured_speedup)} measured{no_limit}" if more else ""
    yield f"  maximum speedup {speedup}{peak}{measured}"
    if isinstance(fit, USLFit):
        yield f"  maximum throughput {four_digits(fit.max_throughput)}{' by the law' if more else ''}"
    if fit.peak and not shows_peak(fit):
        yield f"  the law's peak, n = {four_digits(fit.peak)}, is not shown by the runs"


def _cell(value: float | None) -> str:
    return f"{four_digits(value):>12}"
