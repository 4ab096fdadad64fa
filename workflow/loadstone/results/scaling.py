"""`scaling.json`: each sweep, level by level, with scaling laws, the forecast for users, known demands, album lines.

`analyse` writes it. Keys that a sweep has only where they apply are left out elsewhere.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PositiveInt, RootModel, SerializerFunctionWrapHandler, model_serializer

from loadstone.results.bounded import Amount, Bounded, Known
from loadstone.results.json_file import read_json
from loadstone.suite.model import Scalar
from loadstone.suite.types import Model
from loadstone.suite.verdict import Verdict


class SweepLevel(Model):
    """One level: its runs, their mean, its ratio to the first level, and how much its store grew."""

    value: Scalar | tuple[Scalar, ...]
    """Of the factor."""
    experiment: str
    verdict: Verdict
    goodput_rps: tuple[Amount, ...]
    """One per run that counts."""
    mean_ms: tuple[Amount, ...]
    throughput: Bounded | None
    response: Bounded | None
    throughput_ratio: Bounded | None
    """Over the first level; None where a run has nothing to compare."""
    response_ratio: Bounded | None
    growth: float
    """Largest relative growth of the album count inside a window."""
    growth_effect_ms: Known
    """Mean of b·Δn: see `loadstone.results.window.Window`."""


class LawParameter(Bounded):
    """A fitted parameter with its 95 % profile-likelihood interval."""

    stderr: Known


class CurvePoint(Model):
    """The law's throughput at one value of the factor, with the band of the fit; requests/s."""

    value: float
    throughput: float
    low: Known
    high: Known


class LevelEfficiency(Model):
    """X(n)/(n·X(1)) of the law at one level."""

    value: float
    efficiency: float


class SerialFraction(Model):
    """Karp and Flatt's serial fraction, as measured at one level."""

    value: float
    serial_fraction: float


class Residual(Model):
    """What one run differs from the law by."""

    value: float
    residual: float


class FittedLaw(Model):
    """A scaling law that there were grounds for."""

    law: str
    parameters: dict[str, LawParameter]
    max_speedup: Known
    """None where it is unlimited."""
    peak: Known
    """Value of the factor with the highest throughput, where the law has one."""
    lack_of_fit_p: Known
    aicc: Known
    warnings: tuple[str, ...]
    curve: tuple[CurvePoint, ...]
    residuals: tuple[Residual, ...]
    efficiency: tuple[LevelEfficiency, ...]
    karp_flatt: tuple[SerialFraction, ...]


class Demands(Model):
    """Seconds that a request needs of each part of a closed network: the server's CPUs, and all else."""

    server_s: Amount
    """The server's CPU: CPU over requests of all runs of all levels together, so weighted by requests."""
    servers: PositiveInt
    """How many requests its CPUs work on at a time: min(workers, cores)."""
    other_s: Amount
    """The rest of the unloaded response, R₀ - server_s and not below 0: client, network, waits that use no CPU."""
    bottleneck_s: Amount
    """D_max = server_s/servers: the CPUs seen as a single one, so many times faster."""
    total_s: Amount
    """R₀ of the network, server_s + other_s: as measured, unless that was less than its CPU."""


class ForecastPoint(Model):
    """What queueing theory expects of one number of users; requests/s and seconds."""

    users: PositiveInt
    throughput_bound: Amount
    """X ≤ min(N/(R₀ + Z), 1/D_max)."""
    response_bound_s: Amount
    """R ≥ max(R₀, N·D_max - Z)."""
    mva_throughput: Amount
    mva_response_s: Amount


class MeasuredFigure(Bounded):
    """A mean over runs with its interval, and the runs."""

    runs: PositiveInt
    values: tuple[Amount, ...] = ()
    """The figure of each run."""


class ForecastLevel(ForecastPoint):
    """What was expected of a level and what was measured."""

    experiment: str
    throughput: MeasuredFigure
    response_s: MeasuredFigure
    throughput_ratio: Amount
    """Measured over MVA's: below 1, something held the system back that the network does not know of."""


class UserForecast(Model):
    """What a sweep over users should have given."""

    demands: Demands
    think_s: Amount
    """Z: mean of the levels' measured think times, weighted by requests."""
    knee_users: Amount
    """N* = (R₀ + Z)/D_max, where the asymptotes meet."""
    capacity_rps: Amount
    """1/D_max = servers/server_s: what no number of users exceeds."""
    curve: tuple[ForecastPoint, ...]
    levels: Annotated[tuple[ForecastLevel, ...], Field(min_length=1)]
    """By users."""


class CalibrationReading(Model):
    """What a level of known demand should have read, and what it did; requests/s."""

    value: int
    """Of the factor."""
    slots: int
    predicted: float
    """By the known demands alone."""
    predicted_with_cpu: Known
    """The same with the server's CPU, as measured; None where it was not measured."""
    measured: float
    low: Known
    """Of the 95 % interval over runs; None where there are fewer than four."""
    high: Known
    values: tuple[Amount, ...] = ()
    """Measured in each run."""
    ratio: float
    """Measured over predicted."""
    passed: bool | None
    """Whether it is near enough to 1; None for more slots than the criterion is about."""
    host: Known
    """Share of the machine's CPUs that was busy or stolen: where it is high, something else was running."""


class CalibrationPoint(Model):
    """Predicted throughput of a number of slots, requests/s."""

    slots: PositiveInt
    throughput: Amount


class AlbumLine(Model):
    """A straight line a + b·n through the mean response times of one endpoint, n albums in the store."""

    endpoint: str
    users: PositiveInt
    a_ms: float
    """At no albums, with the sweep's number of users."""
    b_us: Bounded
    """Change of the mean response with each album, µs; it may be negative."""
    hypothesis: str | None
    """The hypothesis whose fit it is; None for a least-squares line of the sweep's own."""
    lowest: float
    """Fewest albums among the levels."""
    highest: float


OPTIONAL = frozenset({"party", "indicative", "left_out", "forecast_reason", "album_lines"})
"""Keys that a sweep has only where they apply."""


class SweepResult(Model):
    """One sweep."""

    vary: str
    levels: tuple[SweepLevel, ...]
    laws: tuple[FittedLaw, ...]
    reason: str | None
    """Why a law that the suite asked for is not there."""
    forecast: UserForecast | None
    party: str | None = None
    """Whose law it would be: `server` or `generator`. Only where a law was asked for, as the next two."""
    indicative: bool = False
    """Whether the law rests on fewer levels or repeats than a firm fit has."""
    left_out: dict[str, str] = Field(default={})
    """Experiment → why the law does not use it."""
    forecast_reason: str | None = None
    """Why there is no forecast. Only in a sweep over users."""
    calibration: tuple[CalibrationReading, ...] | None
    """Levels whose throughput theory knows; None without any."""
    calibration_curve: tuple[CalibrationPoint, ...] | None
    album_lines: tuple[AlbumLine, ...] = ()
    """Only in a sweep over the albums in the store."""

    @model_serializer(mode="wrap")
    def _leave_out_what_does_not_apply(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if key not in OPTIONAL - self.model_fields_set}


class CampaignScaling(RootModel[dict[str, SweepResult]]):
    """The whole file: sweep → what came of it."""


def read_scaling(path: Path, hint: str = "") -> dict[str, SweepResult]:
    """Read the file. Raises `ResultError` where it is missing, with `hint`, `DamagedError` where it is damaged."""
    return read_json(CampaignScaling, path, hint).root
