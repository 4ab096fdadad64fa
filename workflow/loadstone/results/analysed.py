"""The JSON that `analyse` leaves, key by key: a file that was damaged, or made up, is refused when it is read again."""

from functools import cache
from pathlib import Path
from typing import Annotated, Any, NotRequired

import orjson
from pydantic import ConfigDict, Field, PositiveInt, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from loadstone.analyse.bottleneck import Evidence
from loadstone.analyse.calibration import Reading
from loadstone.analyse.hypotheses import INCONCLUSIVE, REFUTED, SUPPORTED
from loadstone.analyse.verdicts import Elasticity
from loadstone.errors import DamagedError, ResultError
from loadstone.suite.hypotheses import VERDICTS
from loadstone.text import dotted

_exactly = with_config(ConfigDict(extra="forbid"))
"""No key but those named: each that is written is checked when it is read again."""
_VerdictName = Annotated[str, Field(pattern=f"^({'|'.join(VERDICTS)})$")]
_Outcome = Annotated[str, Field(pattern=f"^({SUPPORTED}|{REFUTED}|{INCONCLUSIVE})$")]
_Figure = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A rate, a time or a ratio."""


@_exactly
class _Bounds(TypedDict):
    value: float | None
    low: float | None
    high: float | None


@_exactly
class _RunVerdict(TypedDict):
    experiment: str
    repeat: int
    verdict: _VerdictName
    parties: list[str]
    also: str | None
    evidence: list[Evidence]
    runner_up: str | None
    remark: str | None
    probe: str
    missing: list[str]


@_exactly
class _ExperimentVerdict(TypedDict):
    verdict: _VerdictName
    parties: list[str]
    runs: dict[str, int]
    elasticity: Elasticity | None
    remark: str | None


@_exactly
class _Verdicts(TypedDict):
    """`verdicts.json`."""

    experiments: dict[str, _ExperimentVerdict]
    runs: list[_RunVerdict]


@_exactly
class _Repeats(TypedDict):
    runs: int
    intervals: dict[str, _Bounds]
    variation: dict[str, float | None]
    precision: _Figure
    needed: int | None
    disagreements: list[str]


@_exactly
class _Drift(TypedDict):
    metric: str
    p: float
    change: float
    hours: float
    experiments: int
    named: bool
    sentence: str


@_exactly
class _AllRepeats(TypedDict):
    """`repeats.json`."""

    experiments: dict[str, _Repeats]
    drift: _Drift | None


@_exactly
class _Judged(TypedDict):
    """A hypothesis of `hypotheses.json`."""

    id: str
    claim: str
    test: str
    expect: str
    outcome: _Outcome
    effect: float | None
    low: float | None
    high: float | None
    unit: str
    runs: int
    gate: bool
    evidence: str


@_exactly
class _Level(TypedDict):
    value: bool | int | float | str | list[bool | int | float | str]
    experiment: str
    verdict: _VerdictName
    goodput_rps: list[_Figure]
    mean_ms: list[_Figure]
    throughput: _Bounds | None
    response: _Bounds | None
    throughput_ratio: _Bounds | None
    response_ratio: _Bounds | None
    growth: float
    growth_effect_ms: float | None


@_exactly
class _Parameter(_Bounds):
    stderr: float | None


@_exactly
class _CurvePoint(TypedDict):
    value: float
    throughput: float
    low: float | None
    high: float | None


@_exactly
class _Efficiency(TypedDict):
    value: float
    efficiency: float


@_exactly
class _SerialFraction(TypedDict):
    value: float
    serial_fraction: float


@_exactly
class _Residual(TypedDict):
    value: float
    residual: float


@_exactly
class _Law(TypedDict):
    law: str
    parameters: dict[str, _Parameter]
    peak: float | None
    max_speedup: float | None
    lack_of_fit_p: float | None
    aicc: float | None
    warnings: list[str]
    curve: list[_CurvePoint]
    efficiency: list[_Efficiency]
    karp_flatt: list[_SerialFraction]
    residuals: list[_Residual]


@_exactly
class _Demands(TypedDict):
    server_s: _Figure
    servers: PositiveInt
    other_s: _Figure
    bottleneck_s: _Figure
    total_s: _Figure


@_exactly
class _Point(TypedDict):
    users: PositiveInt
    throughput_bound: _Figure
    response_bound_s: _Figure
    mva_throughput: _Figure
    mva_response_s: _Figure


@_exactly
class _Measured(_Bounds):
    runs: PositiveInt


@_exactly
class _Comparison(_Point):
    experiment: str
    throughput: _Measured
    response_s: _Measured
    throughput_ratio: _Figure


@_exactly
class _Forecast(TypedDict):
    """`prediction.forecast_json`."""

    demands: _Demands
    think_s: _Figure
    knee_users: _Figure
    capacity_rps: _Figure
    curve: list[_Point]
    levels: Annotated[list[_Comparison], Field(min_length=1)]


@_exactly
class _Slots(TypedDict):
    slots: PositiveInt
    throughput: _Figure


@_exactly
class _Sweep(TypedDict):
    vary: str
    levels: list[_Level]
    laws: list[_Law]
    reason: str | None
    party: NotRequired[str | None]
    indicative: NotRequired[bool]
    left_out: NotRequired[dict[str, str]]
    forecast: _Forecast | None
    forecast_reason: NotRequired[str]
    calibration: list[Reading] | None
    calibration_curve: list[_Slots] | None


FILES: dict[str, Any] = {
    "verdicts.json": _Verdicts,
    "repeats.json": _AllRepeats,
    "hypotheses.json": list[_Judged],
    "scaling.json": dict[str, _Sweep],
}


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(FILES[name])


def read_result(path: Path, hint: str = "", kind: str | None = None) -> Any:
    """Read one of `FILES`: the one of its name, or of that given as `kind`.

    Raises `ResultError` where it is missing, with `hint` to say what helps, or damaged.
    """
    try:
        content = path.read_bytes()
        _adapter(kind or path.name).validate_json(content, strict=True)
        return orjson.loads(content)
    except OSError as error:
        raise ResultError(f"{path}: can't be read: {error.strerror}{hint}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise DamagedError(f"{path}: damaged: {dotted(*first['loc']) or 'the file'}: {first['msg']}", path) from None
    except ValueError:
        raise DamagedError(f"{path}: damaged: not JSON", path) from None
