"""What a noise check means: how far repeats will lie apart, which differences they can show, and what would help."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadstone.plan.baselines import is_baseline
from loadstone.results.noise import NoiseCheck
from loadstone.results.repeats import CampaignRepeats
from loadstone.text import figure, percent, quantity, several
from loadstone.theory.power import detectable_difference, range_of_repeats, typical_variation

QUIET_VARIATION = 0.02
"""Coefficient of variation of a run's rate that is to be expected of the quietest machine. Users are random themselves:
with 50 of them who think for 1 to 2 s, throughput over 5 s varies by 1.5 % between runs, √(var/(N·μ·T)) with var = 1/12
s² and μ = 1.5 s; fresh processes, placed in memory and on CPUs anew, add the rest."""
EXAMPLE_REPEATS = 5
"""Repeats per side for which the difference is stated."""
NOTABLE_CPUS = 0.1
"""CPUs used by others from which it is worth to look for them: the system itself takes some hundredths."""
NOTABLE_STEAL = 0.01
NOTABLE_PRESSURE = 0.05
NOTABLE_SLOWDOWN = 1.2
"""CPUs that share nothing but caches and memory slow a spin by a few percent at most; threads of one core by half."""
NOTABLE_STEP = 0.95
"""Lowest over highest frequency below which the frequency is not steady."""
NOTABLE_CHANGE = 0.10
"""Relative difference of the spin between checks from which the machine was not the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """How much a run's rate varies between repeats."""

    variation: float
    """Coefficient of variation."""
    grounds: str
    """What it is taken from, a clause."""

    @property
    def range(self) -> float:
        """Relative distance from the mean within which 19 of 20 repeats lie."""
        return range_of_repeats(self.variation)

    def shown(self, repeats: int = EXAMPLE_REPEATS) -> float:
        """Relative difference that so many repeats per side show nine times in ten. Raises ValueError below two."""
        difference = detectable_difference(self.variation, repeats)
        if difference is None:
            raise ValueError("a difference takes two repeats or more")
        return difference

    @property
    def sentence(self) -> str:
        """State it in words."""
        return (
            f"Expect repeats to lie within ±{percent(self.range)} of their mean, 19 times in 20. "
            f"Five repeats per side show a difference of {percent(self.shown())}, nine times in ten; "
            f"ten repeats one of {percent(self.shown(10))}."
        )


def expect_by_check(check: NoiseCheck) -> Expectation | None:
    """Expect what the spin's variation adds to that of a quiet machine; None if the spin was not tried."""
    if check.spin_variation is None:
        return None
    return Expectation(
        variation=math.hypot(QUIET_VARIATION, check.spin_variation),
        grounds=f"estimated from the spin, which varies by {percent(check.spin_variation)}, and from the "
        f"{percent(QUIET_VARIATION)} by which runs vary on a quiet machine",
    )


def expect_by_repeats(repeats: CampaignRepeats, where: str) -> Expectation | None:
    """Expect what the experiments of a campaign showed; None if none of them has three repeats or more."""
    found = [
        (each.variation["throughput_rps"], each.runs)
        for name, each in repeats.experiments.items()
        if not is_baseline(name) and each.variation.get("throughput_rps") is not None
    ]
    known = [(variation, runs) for variation, runs in found if variation is not None]
    variation = typical_variation(known)
    if variation is None:
        return None
    experiments = several(sum(runs >= 3 for _, runs in known), "experiment")
    return Expectation(
        variation=variation,
        grounds=f"measured: throughput varied by {percent(variation)} between the repeats of {where} (median of "
        f"{experiments})",
    )


def expect(check: NoiseCheck, repeats: CampaignRepeats | None, where: str) -> Expectation | None:
    """Expect what the repeats of a campaign showed, unless the spin alone varies by more now; else go by the check."""
    now = expect_by_check(check)
    measured = None if repeats is None else expect_by_repeats(repeats, where)
    if measured is None or (now is not None and (check.spin_variation or 0.0) > measured.variation):
        return now
    return measured


def write_lines(check: NoiseCheck | None, problems: Sequence[str]) -> list[str]:
    """State the check before a campaign in one line, if it was made, and what went wrong in a line each."""
    return [*([] if check is None else [write_line(check)]), *problems]


def write_line(check: NoiseCheck) -> str:
    """State a check in one line."""
    if check.spin_ms is None:
        return f"noise check: not made, because another measurement runs: {check.measuring}"
    parts = [f"spin {figure(check.spin_ms)} ms"]
    if check.spin_variation is not None:
        parts[0] += f", varies by {percent(check.spin_variation)}"
    parts += [f"others use {figure(_hundredths(check.foreign_cpus))} of {several(check.cpus, 'CPU')}"]
    parts += [f"steal {percent(check.steal)}"] * (check.steal is not None)
    expected = expect_by_check(check)
    text = f"noise check: {', '.join(parts)}"
    if expected is None:
        return text
    return (
        f"{text}: expect repeats within ±{percent(expected.range)}; "
        f"five per side show a difference of {percent(expected.shown())}"
    )


def write_figures(check: NoiseCheck) -> Iterator[tuple[str, str]]:
    """Write the figures of a check: name and value. What is not known is written as a dash."""
    yield "CPUs", _describe_cpus(check)
    yield "spin", _describe_spin(check)
    slowdown = "–" if check.slowdown is None else f"{figure(check.slowdown)} times as long as alone"
    yield "spin on all CPUs at once", slowdown
    most = ", ".join(f"{each.name} (pid {each.pid}) {figure(_hundredths(each.cpus))}" for each in check.foreign)
    used = quantity(_hundredths(check.foreign_cpus), "CPUs")
    yield "used by others", f"{used}: {most}" if most else used
    yield "steal", percent(check.steal)
    waited = percent(check.pressure)
    recent = "" if check.pressure_before is None else f"; {percent(check.pressure_before)} in the 10 s before"
    yield "time in which a process waited for a CPU", waited + recent
    yield "frequency", _describe_frequency(check)
    yield "other measurement", check.measuring or "none"


def _hundredths(cpus: float | None) -> float | None:
    """Round a number of CPUs: the system counts in ticks, and thousandths mean nothing."""
    return None if cpus is None else round(cpus, 2)


def _describe_cpus(check: NoiseCheck) -> str:
    parts = [f"{check.cpus}" if check.cores == check.cpus else f"{check.cores} of {check.cpus} may be used"]
    if check.cpu_quota is not None:
        parts.append(f"limited to the time of {figure(check.cpu_quota)}")
    if check.shared_cores is not None:
        parts.append("some share a core" if check.shared_cores else "each a core of its own, by the system's account")
    return ", ".join(parts)


def _describe_spin(check: NoiseCheck) -> str:
    if check.spin_ms is None:
        return "–"
    return f"{figure(check.spin_ms)} ms, varies by {percent(check.spin_variation)} between half seconds"


def _describe_frequency(check: NoiseCheck) -> str:
    low, high = check.mhz_low, check.mhz_high
    if low is None or high is None:
        return "–"
    range_ = f"{figure(low)} MHz" if round(low) == round(high) else f"{figure(low)} to {figure(high)} MHz"
    return range_ + f", governor {', '.join(check.governors)}" * bool(check.governors)


def find_remedies(check: NoiseCheck) -> Iterator[str]:
    """State what disturbs measurements on this machine, and what to do about it, the gravest first."""
    if check.measuring is not None:
        yield "Another measurement runs: wait until it has ended, and check again."
    if (check.foreign_cpus or 0.0) >= NOTABLE_CPUS:
        yield "Other processes use the CPUs: stop them, or measure when they are done."
    if (check.steal or 0.0) >= NOTABLE_STEAL:
        yield "The hypervisor takes CPU time for other machines: use a machine with CPUs of its own."
    if check.cpu_quota is not None and check.cpu_quota < check.cores:
        yield "A CPU quota stops processes that used up their time: raise it, or limit the CPUs instead (a CPU set)."
    if check.mhz_low is not None and check.mhz_high is not None and check.mhz_low < NOTABLE_STEP * check.mhz_high:
        yield "The CPUs' frequency changes: choose the governor `performance`, switch turbo off, and look for heat."
    if (check.slowdown or 1.0) >= NOTABLE_SLOWDOWN and (check.foreign_cpus or 0.0) < NOTABLE_CPUS:
        yield (
            "CPUs slow each other: they are threads of one core, or other machines or a quota share them. "
            "Read rates as those of fewer CPUs, or pin the server and the load to different cores."
        )
    elif check.shared_cores:
        yield "Some CPUs are threads of one core: pin the server and the load to different cores."
    if (check.pressure or 0.0) >= NOTABLE_PRESSURE and (check.foreign_cpus or 0.0) < NOTABLE_CPUS:
        yield "Processes wait for a CPU though few run: look for a CPU quota, or for bursts of short processes."
    if (check.spin_variation or 0.0) > QUIET_VARIATION:
        yield "The same work takes varying time: repeat experiments more often, or measure on a steadier machine."


def of_campaign(checks: Sequence[NoiseCheck], started: Sequence[float]) -> list[NoiseCheck]:
    """Leave out the checks after which none of a campaign's runs began: those have been measured again since.

    `started` are the runs' beginnings, in unix seconds.
    """
    ends = [*(check.time for check in checks), math.inf][1:]
    return [
        check for check, end in zip(checks, ends, strict=True) if any(check.time <= begin < end for begin in started)
    ]


def find_change(checks: Sequence[NoiseCheck]) -> str | None:
    """State by how much the spin differs between the checks of one campaign, if by so much that it matters."""
    spins = {check.spin_ms for check in checks if check.python == checks[-1].python and check.spin_ms is not None}
    if not spins or max(spins) < (1 + NOTABLE_CHANGE) * min(spins):
        return None
    return (
        f"the same computation took {figure(min(spins))} ms before one part of the campaign, and "
        f"{figure(max(spins))} ms before another, {percent(max(spins) / min(spins) - 1)} longer: do not compare runs "
        "of different parts"
    )
