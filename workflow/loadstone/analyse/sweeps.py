"""Analyse sweeps: each level compared with the first, a law where there are grounds, predictions and album lines.

The result is the content of `scaling.json`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from loadstone.analyse.album_lines import fit_album_lines
from loadstone.analyse.calibration import KnownDemandLevel, calibrate, known_demand, predict_curve, slots_taken
from loadstone.analyse.campaign import MeasuredCampaign
from loadstone.analyse.grounds import Grounds, LevelFacts, find_grounds, withdrawn
from loadstone.analyse.user_forecast import NotPredictable, UserLevel, predict
from loadstone.analyse.verdicts import SLOT_FACTORS
from loadstone.results.bounded import Bounded
from loadstone.results.scaling import (
    CampaignScaling,
    CurvePoint,
    FittedLaw,
    LawParameter,
    LevelEfficiency,
    Residual,
    SerialFraction,
    SweepLevel,
    SweepResult,
    UserForecast,
)
from loadstone.results.signals import Signals
from loadstone.results.tables import RunKey
from loadstone.results.verdicts import CampaignVerdicts
from loadstone.suite.model import Level, Sweep
from loadstone.suite.verdict import Verdict
from loadstone.theory.capped import CappedFit
from loadstone.theory.fitting import fit_law, throughput_interval
from loadstone.theory.intervals import MIN_FOR_INTERVAL, estimate_of_runs, ratio_of_runs
from loadstone.theory.scaling import Fit, LawName, NotIdentifiable, Runs

ALBUMS = "server.albums"
CURVE_POINTS = 25


def analyse_sweeps(
    measured: MeasuredCampaign, signals: Mapping[RunKey, Signals], verdicts: CampaignVerdicts
) -> CampaignScaling:
    """Analyse all sweeps of a campaign; `signals` are completed by `against_baselines`."""
    sweeps = measured.plan.suite.sweeps.items()
    return CampaignScaling({name: _analyse_sweep(name, sweep, measured, signals, verdicts) for name, sweep in sweeps})


def _analyse_sweep(
    name: str, sweep: Sweep, measured: MeasuredCampaign, signals: Mapping[RunKey, Signals], verdicts: CampaignVerdicts
) -> SweepResult:
    runs = {level.experiment: _runs_of(signals, level.experiment) for level in sweep.levels}
    first = sweep.levels[0].experiment
    optional: dict[str, Any] = {}  # keys that only some sweeps have
    laws: tuple[FittedLaw, ...] = ()
    reason = forecast = None
    if sweep.fit:
        facts = [_facts(level, measured, runs[level.experiment], verdicts) for level in sweep.levels]
        grounds = find_grounds(sweep.vary, facts, measured.plan.suite.thresholds)
        laws, reason = _laws(sweep, grounds)
        optional |= {"party": grounds.party, "indicative": grounds.indicative}
        optional["left_out"] = {level.experiment: why for level, why in grounds.left_out}
    if sweep.vary == "load.users":
        try:
            forecast = _forecast(sweep, runs)
        except NotPredictable as error:
            optional["forecast_reason"] = str(error)
    if sweep.vary == ALBUMS:
        optional["album_lines"] = fit_album_lines(name, measured)
    known = _known_demand_levels(sweep, measured, runs)
    return SweepResult(
        vary=sweep.vary,
        levels=tuple(_level(level, first, measured, verdicts) for level in sweep.levels),
        laws=laws,
        reason=reason,
        forecast=forecast,
        calibration=calibrate(known) if known else None,
        calibration_curve=predict_curve(known) if known else None,
        **optional,
    )


def _level(level: Level, first: str, measured: MeasuredCampaign, verdicts: CampaignVerdicts) -> SweepLevel:
    throughput = _column(measured, level.experiment, "goodput_rps")
    response = _column(measured, level.experiment, "mean_ms")
    windows = [window for (name, _), window in measured.windows.items() if name == level.experiment]
    effects = [window.growth_effect_ms for window in windows if window.growth_effect_ms is not None]
    return SweepLevel(
        value=level.value,
        experiment=level.experiment,
        verdict=verdicts.experiments[level.experiment].verdict,
        goodput_rps=tuple(throughput),
        mean_ms=tuple(response),
        throughput=Bounded.of(estimate_of_runs(throughput)) if throughput else None,
        response=Bounded.of(estimate_of_runs(response)) if response else None,
        throughput_ratio=_ratio(throughput, _column(measured, first, "goodput_rps")),
        response_ratio=_ratio(response, _column(measured, first, "mean_ms")),
        growth=max(window.growth for window in windows),
        growth_effect_ms=float(np.mean(effects)) if effects else None,
    )


def _column(measured: MeasuredCampaign, experiment: str, metric: str) -> list[float]:
    return [float(value) for value in measured.together(experiment)[metric].dropna()]


def _ratio(values: Sequence[float], to: Sequence[float]) -> Bounded | None:
    """Compare a level with the first; without bounds where both have fewer degrees of freedom than four runs."""
    try:
        ratio = ratio_of_runs(values, to)
    except ValueError:  # no request of a run succeeded
        return None
    if len(values) + len(to) - 2 < MIN_FOR_INTERVAL - 1:
        ratio = replace(ratio, low=None, high=None)
    return Bounded.of(ratio)


def _runs_of(signals: Mapping[RunKey, Signals], experiment: str) -> list[Signals]:
    return [of_run for (name, _), of_run in sorted(signals.items()) if name == experiment]


def _facts(level: Level, measured: MeasuredCampaign, runs: Sequence[Signals], verdicts: CampaignVerdicts) -> LevelFacts:
    """Gather the figures that decide whether a law may be fitted. The suite allows fits for numeric factors only."""
    cost = [sum(s.generator_cpu) / s.throughput for s in runs if s.generator_cpu and s.throughput > 0]
    unloaded = [s.unloaded_response_s for s in runs if s.unloaded_response_s is not None]
    return LevelFacts(
        value=float(str(level.value)),
        experiment=level.experiment,
        throughput=tuple(_column(measured, level.experiment, "goodput_rps")),
        verdict=verdicts.experiments[level.experiment].verdict,
        utilisations=_utilisations(runs),
        users=runs[0].users,
        think_s=_think_s(runs),
        unloaded_response_s=_mean(unloaded),
        server_demand_s=_server_demand(runs),
        generator_demand_s=_mean(cost),
    )


def _think_s(runs: Sequence[Signals]) -> float:
    """Return the mean think time; NaN where it is unknown in any run."""
    return float(np.mean([math.nan if s.think_s is None else s.think_s for s in runs]))


def _server_demand(runs: Sequence[Signals]) -> float | None:
    """Return the CPU seconds of the server per request."""
    return _mean([s.server_cpu / s.throughput for s in runs if s.server_cpu is not None and s.throughput > 0])


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _utilisations(runs: Sequence[Signals]) -> dict[Verdict, float]:
    by_party: dict[Verdict, list[float | None]] = {
        Verdict.GENERATOR: [_highest(s.generator, s.ceiling) for s in runs],
        Verdict.SERVER_CPU: [s.server for s in runs],
        Verdict.SHARED_HOST: [s.host for s in runs],
        Verdict.SERVER_CONCURRENCY: [s.slots for s in runs],
        Verdict.NETWORK: [s.link for s in runs],
        Verdict.THINK_TIME: [s.think for s in runs],
    }
    known = {party: [value for value in values if value is not None] for party, values in by_party.items()}
    return {party: float(np.mean(values)) for party, values in known.items() if values}


def _highest(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _laws(sweep: Sweep, grounds: Grounds) -> tuple[tuple[FittedLaw, ...], str | None]:
    """Fit the laws that the suite asks for; the second value explains why one or all of them are missing."""
    if grounds.reason is not None:
        return (), grounds.reason
    runs = Runs.of(
        [level.value for level in grounds.used for _ in level.throughput],
        [x for level in grounds.used for x in level.throughput],
    )
    laws: list[FittedLaw] = []
    refusals: list[str] = []
    for name in sweep.fit:
        try:
            fit = fit_law(cast(LawName, name), runs)
        except NotIdentifiable as error:
            refusals.append(f"{name}: {error}")
            continue
        reason = withdrawn(fit) or _untested(fit)
        if reason is None:
            laws.append(fitted_law(fit))
        else:
            refusals.append(f"{name}: {reason}")
    return tuple(laws), "; ".join(refusals) or None


def _untested(fit: Fit) -> str | None:
    """Refuse a law that has as many parameters as there are levels: it would fit any means."""
    if fit.lack_of_fit_p is not None:
        return None
    return f"{len(fit.runs.levels)} levels, and the law has {len(fit.parameters)} parameters: its form cannot be tested"


def fitted_law(fit: Fit) -> FittedLaw:
    """Convert a fit to its result: parameters, curve with band, residuals, and efficiency at each level."""
    at = np.linspace(fit.runs.levels[0], fit.runs.levels[-1], CURVE_POINTS).tolist()
    if isinstance(fit, CappedFit):
        at = sorted([*at, fit.knee])
    return FittedLaw(
        law=fit.law,
        parameters={
            name: LawParameter(value=fitted.value, low=fitted.low, high=fitted.high, stderr=fitted.stderr)
            for name, fitted in fit.parameters.items()
        },
        max_speedup=fit.max_speedup,
        peak=fit.peak,
        lack_of_fit_p=fit.lack_of_fit_p,
        aicc=fit.aicc,
        warnings=tuple(fit.warnings),
        curve=tuple(_point(fit, workers) for workers in at),
        residuals=tuple(
            Residual(value=n, residual=residual) for n, residual in zip(fit.runs.n, fit.residuals, strict=True)
        ),
        efficiency=tuple(LevelEfficiency(value=n, efficiency=fit.efficiency(n)) for n in fit.runs.levels),
        karp_flatt=tuple(SerialFraction(value=n, serial_fraction=e) for n, e in fit.karp_flatt.items()),
    )


def _point(fit: Fit, workers: float) -> CurvePoint:
    band = throughput_interval(fit, workers)
    return CurvePoint(value=workers, throughput=fit.throughput(workers), low=band.low, high=band.high)


def _forecast(sweep: Sweep, runs: Mapping[str, Sequence[Signals]]) -> UserForecast:
    """Predict a sweep over users from the demands that its runs show and from the response time of one user."""
    levels = [
        UserLevel(
            users=int(str(level.value)),
            experiment=level.experiment,
            throughput=tuple(s.throughput for s in runs[level.experiment]),
            response_s=tuple(s.response_s for s in runs[level.experiment]),
            think_s=_think_s(runs[level.experiment]),
            server_cpu=tuple(math.nan if s.server_cpu is None else s.server_cpu for s in runs[level.experiment]),
        )
        for level in sweep.levels
    ]
    all_runs = [s for of_level in runs.values() for s in of_level]
    unloaded = [s.unloaded_response_s for s in all_runs if s.unloaded_response_s is not None]
    return predict(levels, _mean(unloaded) or math.nan, _servers(all_runs))


def _servers(runs: Sequence[Signals]) -> int:
    """Return how many requests the server's CPUs can work on at a time; 0 where that is not known."""
    return int(min(min(s.server_workers or 0, s.server_cores or 0) for s in runs))


def _known_demand_levels(
    sweep: Sweep, measured: MeasuredCampaign, runs: Mapping[str, Sequence[Signals]]
) -> list[KnownDemandLevel]:
    """Gather the levels of a sweep over the server's slots whose throughput theory can predict."""
    levels = []
    for level in sweep.levels if sweep.vary in SLOT_FACTORS else ():
        settings = measured.plan.experiments[level.experiment]
        slots, demand = slots_taken(settings), known_demand(settings)
        throughput = _column(measured, level.experiment, "goodput_rps")
        if slots is not None and demand is not None and throughput:
            levels.append(
                KnownDemandLevel(
                    value=int(str(level.value)),
                    slots=slots,
                    demand=demand,
                    throughput=tuple(throughput),
                    server_demand_s=_server_demand(runs[level.experiment]),
                    servers=_servers(runs[level.experiment]),
                    host=_mean([s.host for s in runs[level.experiment] if s.host is not None]),
                )
            )
    return levels
