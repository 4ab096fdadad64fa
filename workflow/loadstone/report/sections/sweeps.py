"""Sweeps: each level compared with the first, and the laws that were fitted, or why none was."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from loadstone import text
from loadstone.report.campaign import Campaign
from loadstone.report.charts import sweeps as charts
from loadstone.report.charts.shared import Chart
from loadstone.report.doubts import GROWING, Doubt, Doubts, kinds, marked, unusable
from loadstone.report.means import Mean, estimated
from loadstone.report.section import Section, drawn
from loadstone.report.sections.calibration import CalibrationView, calibration_view, theory
from loadstone.report.sections.forecast import NOISE, ForecastView, forecast_charts, forecast_view
from loadstone.results.scaling import FittedLaw, LawParameter, SweepLevel, SweepResult
from loadstone.suite.hypotheses import ALL

LAWS = {
    "amdahl": "Amdahl's law",
    "usl": "universal scalability law",
    "linear": "linear law",
    "capped": "hard cap",
}
SYMBOLS = {"sigma": "σ", "alpha": "α", "beta": "β", "gamma": "γ", "x1": "X₁", "cap": "cap"}
"""Parameter → how it is written."""
MEANINGS = {
    "sigma": "serial share of the work", "alpha": "contention", "beta": "coherency",
    "gamma": "requests/s at n = 1", "x1": "requests/s at n = 1", "cap": "requests/s that more do not exceed",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRow:
    """One level of a sweep."""

    value: str
    experiment: str
    verdict: str
    runs: str
    reason: str | None
    """Why its figures must not be used; None where they can be."""
    throughput: Mean | None
    ratio: Mean | None
    """Throughput over that of the first level; None for the first level itself."""
    response: Mean | None
    remarks: list[str]
    """Why the law leaves it out, why to be careful with its runs, and how much its store grew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRow:
    """A fitted parameter."""

    symbol: str
    meaning: str
    text: str
    """Its value with its interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawView:
    """A fitted law."""

    name: str
    parameters: list[ParameterRow]
    most: str
    """The greatest speed-up by the law, or the measured one that contradicts it."""
    peak: float | None
    """None where the law has none, or a level is faster than its peak."""
    lack_of_fit: str
    aicc: float | None
    warnings: Sequence[str]
    by_level: dict[str, tuple[float | None, float | None]]
    """Level → efficiency, Karp and Flatt's serial fraction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepView:
    """One sweep."""

    name: str
    vary: str
    levels: list[LevelRow]
    laws: list[LawView]
    whose: str
    """Which party the law is about, in a sentence."""
    indicative: bool
    refusal: str | None
    """Why a law, or one of them, was not fitted."""
    forecast: ForecastView | None
    forecast_refusal: str | None
    calibration: CalibrationView | None


def sweep_view(campaign: Campaign, name: str, sweep: SweepResult, doubts: Doubts) -> SweepView:
    """Lay out one sweep."""
    left_out = sweep.left_out
    laws = [_law(law, _highest(sweep)) for law in sweep.laws]
    party = sweep.party
    return SweepView(
        name=name,
        vary=sweep.vary,
        levels=[
            _level(campaign, level, number, left_out.get(level.experiment), doubts)
            for number, level in enumerate(sweep.levels)
        ],
        laws=laws,
        whose=_whose(party, laws),
        indicative=bool(laws) and sweep.indicative,
        refusal=sweep.reason,
        forecast=forecast_view(sweep.forecast) if sweep.forecast else None,
        forecast_refusal=sweep.forecast_reason,
        calibration=calibration_view(sweep),
    )


def _whose(party: str | None, laws: Sequence[LawView]) -> str:
    if not laws or party is None:
        return ""
    return f"The law is about the {party}, which limited throughput at the levels used while everything else had slack."


def _level(
    campaign: Campaign,
    level: SweepLevel,
    number: int,
    left_out: str | None,
    doubts: Doubts,
) -> LevelRow:
    keys = campaign.runs_of(level.experiment)
    of_runs = [doubts[key] for key in keys]
    verdict = campaign.verdicts.experiments[level.experiment].verdict  # a sweep of earlier versions has one for two
    reason = unusable(verdict, [doubt for of_run in of_runs for doubt in of_run])
    remarks = (
        f"do not use: {reason}" if reason else _careful(of_runs),
        f"not used for the fit: {left_out}" if left_out else "",
        _growth(level, campaign.plan.suite.thresholds.notable_growth),
    )
    return LevelRow(
        value=text.plain(level.value),
        experiment=level.experiment,
        verdict=verdict,
        runs=text.runs(len(campaign.used_of(level.experiment)), len(keys)),
        reason=reason,
        throughput=estimated(level.throughput, level.goodput_rps),
        ratio=estimated(level.throughput_ratio) if number else None,
        response=estimated(level.response, level.mean_ms),
        remarks=[remark for remark in remarks if remark],
    )


def _careful(of_runs: Sequence[Sequence[Doubt]]) -> str:
    """Count the runs of a level to be careful with; growth is stated separately."""
    named = [kinds([doubt for doubt in of_run if doubt.kind != GROWING]) for of_run in of_runs]
    doubtful = [each for each in named if each]
    if not doubtful:
        return ""
    what = ", ".join(dict.fromkeys(doubtful))
    return what if len(of_runs) == 1 else f"{len(doubtful)} of {len(of_runs)} runs: {what}"


def _growth(level: SweepLevel, notable: float) -> str:
    if level.growth <= notable:
        return ""
    grew = f"its store grew by up to {text.percent(level.growth)} in the window"
    effect = level.growth_effect_ms
    return grew if effect is None else f"{grew}, b·Δn = {text.signed(effect)} ms"


def _highest(sweep: SweepResult) -> float:
    """Return the highest mean throughput of any level, requests/s, whether the law uses it or not."""
    return max((found.value or 0.0 for level in sweep.levels if (found := level.throughput)), default=0.0)


def _greatest(law: FittedLaw, highest: float) -> tuple[str, bool]:
    """Write the greatest speed-up by a law, unless a measured one is greater; return whether it is."""
    if law.max_speedup is None:
        return "no limit", False
    unit = next((law.parameters[name].value for name in ("x1", "gamma") if name in law.parameters), None)
    measured = highest / unit if unit else 0.0
    most = text.figure(law.max_speedup)
    if measured > (1 + NOISE) * law.max_speedup:
        return f"{most} by the law, but {text.figure(measured)} was measured", True
    return f"about {most}" if measured > law.max_speedup else most, False


def _law(law: FittedLaw, highest: float) -> LawView:
    most, is_contradicted = _greatest(law, highest)
    efficiency = {point.value: point.efficiency for point in law.efficiency}
    karp_flatt = {point.value: point.serial_fraction for point in law.karp_flatt}
    p = law.lack_of_fit_p
    return LawView(
        name=LAWS.get(law.law, law.law),
        parameters=[
            ParameterRow(symbol=SYMBOLS.get(name, name), meaning=MEANINGS.get(name, ""), text=_parameter(parameter))
            for name, parameter in law.parameters.items()
        ],
        most=most,
        peak=None if is_contradicted else law.peak,
        lack_of_fit="not testable" if p is None else text.p_value(p),
        aicc=law.aicc,
        warnings=law.warnings,
        by_level={text.plain(n): (efficiency[n], karp_flatt.get(n)) for n in efficiency},
    )


def _parameter(parameter: LawParameter) -> str:
    """Write a parameter with its interval, which may have no upper bound."""
    low, high = text.figure(parameter.low), parameter.high
    upper = "∞" if high is None else text.figure(high)
    return f"{text.figure(parameter.value)} ({low} – {upper})"


def is_numeric(levels: Sequence[SweepLevel]) -> bool:
    """Whether a sweep's levels are numbers, so that their axis can be numeric."""
    return all(isinstance(level.value, int | float) and not isinstance(level.value, bool) for level in levels)


def run_points(campaign: Campaign, levels: Sequence[SweepLevel]) -> pd.DataFrame:
    """List the runs of a sweep: experiment, repeat, level, goodput_rps, mean_ms (NaN where nothing succeeded)."""
    together = campaign.summary[campaign.summary["endpoint"] == ALL]
    numeric = is_numeric(levels)
    parts = [
        together[together["experiment"] == level.experiment].assign(
            level=level.value if numeric else text.plain(level.value)
        )
        for level in levels
    ]
    columns = ["experiment", "repeat", "level", "goodput_rps", "mean_ms"]
    return pd.DataFrame(pd.concat(parts), columns=columns)


def mean_points(levels: Sequence[SweepLevel]) -> pd.DataFrame:
    """List the mean throughput of a sweep's levels: level, value, low, high; no bounds below four runs."""
    numeric = is_numeric(levels)
    rows = [
        (level.value if numeric else text.plain(level.value), mean.value, mean.low, mean.high)
        for level in levels
        if (mean := estimated(level.throughput)) is not None
    ]
    return pd.DataFrame(rows, columns=["level", "value", "low", "high"])


def curves(laws: Sequence[FittedLaw]) -> pd.DataFrame:
    """Lay out the fitted laws: law, level, throughput, low, high."""
    rows = [
        (LAWS.get(law.law, law.law), point.value, point.throughput, point.low, point.high)
        for law in laws
        for point in law.curve
    ]
    return pd.DataFrame(rows, columns=["law", "level", "throughput", "low", "high"])


def residuals(laws: Sequence[FittedLaw]) -> pd.DataFrame:
    """Lay out the residuals of the laws: law, level, residual (ln measured - ln fitted)."""
    rows = [(LAWS.get(law.law, law.law), point.value, point.residual) for law in laws for point in law.residuals]
    return pd.DataFrame(rows, columns=["law", "level", "residual"])


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepsView:
    """What the section shows."""

    sweeps: list[SweepView]


def section(campaign: Campaign, doubts: Doubts) -> Section | None:
    """Every sweep, level by level, with laws, forecasts and known demands."""
    views = [sweep_view(campaign, name, sweep, doubts) for name, sweep in campaign.scaling.items()]
    if not views:
        return None
    shown: dict[str, Chart | None] = {}
    for name, sweep in campaign.scaling.items():
        shown |= sweep_charts(name, sweep, marked(run_points(campaign, sweep.levels), doubts))
    title = "Scaling: one factor, several levels"
    return Section(
        anchor="sweeps", title=title, navigation="Scaling", view=SweepsView(sweeps=views), charts=drawn(shown)
    )


def sweep_charts(name: str, sweep: SweepResult, points: pd.DataFrame) -> dict[str, Chart | None]:
    """Draw a sweep: its levels and laws, or its forecast where there is one."""
    if sweep.forecast:
        shown = points.rename(columns={"level": "users", "goodput_rps": "rps", "mean_ms": "ms"})
        return forecast_charts(name, sweep.forecast, shown)
    lines = pd.concat([curves(sweep.laws), theory(sweep)], ignore_index=True)
    return {
        f"sweep-{name}": charts.sweep(points, mean_points(sweep.levels), lines, sweep.vary),
        f"residuals-{name}": charts.residuals(residuals(sweep.laws), sweep.vary),
    }
