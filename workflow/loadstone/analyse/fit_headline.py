"""The first line of a fit: whether the law fits, what it states, and what to doubt."""

from loadstone.analyse.fit_table import TableFit
from loadstone.text import four_digits, several
from loadstone.theory import caveats
from loadstone.theory.capped import CappedFit
from loadstone.theory.misfit import largest_miss, misses, noise_of
from loadstone.theory.scaling import AmdahlFit, Fit

LAWS = {
    "linear": "The linear law",
    "amdahl": "Amdahl's law",
    "usl": "The universal scalability law (usl)",
    "capped": "A hard cap (capped)",
}


def write_headline(table_fit: TableFit) -> str:
    """Write one line: the verdict on the fit before any of its figures."""
    fit = table_fit.fit
    if fit is None:
        return f"No fit: {table_fit.reason}."
    doubts = f" {several(len(fit.warnings), 'doubt')} below." if fit.warnings else ""
    return f"{_verdict(table_fit, fit)}{doubts}"


def write_serial_fractions(table_fit: TableFit) -> str | None:
    """State the serial fraction that levels show without a fit, if Amdahl's law held; None where nothing follows."""
    if table_fit.fit is not None or not table_fit.serial_fractions:
        return None
    first, *_ = table_fit.runs.levels
    means = {level: sum(values) / len(values) for level, values in table_fit.runs.by_level.items()}
    shares = "; ".join(
        f"n = {level:g} has {four_digits(means[level] / means[first])} times the throughput of n = {first:g}, "
        f"so e = {four_digits(share)}"
        for level, share in table_fit.serial_fractions.items()
    )
    return f"Serial fraction by Karp and Flatt, if Amdahl's law holds, which {_few(table_fit)} cannot test: {shares}."


def _few(table_fit: TableFit) -> str:
    return several(len(table_fit.runs.levels), "level")


def _verdict(table_fit: TableFit, fit: Fit) -> str:
    name, miss = LAWS[fit.law], largest_miss(fit)
    size = f"{100 * miss.share:.2g} %"
    if misses(fit):
        return (
            f"{name} does not fit: it misses throughput by up to {size} (at n = {miss.n:g}), "
            f"and {caveats.describe_noise(noise_of(fit.runs))}. Do not use its figures.{_instead(table_fit, fit)}"
        )
    if (flat := caveats.flat(fit.runs)) is not None:
        return f"No scaling law follows: throughput does not depend on n ({flat.split(';')[0]})."
    if len(fit.runs.levels) <= len(fit.parameters):
        return f"{name} passes through the levels whatever they are: it has as many parameters. {_meaning(fit)}"
    return (
        f"{name} fits: {_meaning(fit)} It misses throughput by at most {size} (at n = {miss.n:g}); "
        f"{caveats.describe_noise(noise_of(fit.runs))}.{_rival(fit)}"
    )


def _instead(table_fit: TableFit, fit: Fit) -> str:
    gain = None if fit.law == "capped" else caveats.gain_of_cap(fit)
    if gain is not None and gain >= caveats.MIN_GAIN:
        return " A hard cap describes the runs better (--law capped)."
    return " None of the laws describes the runs." if table_fit.law == "best" else ""


def _rival(fit: Fit) -> str:
    """Name the hard cap where it describes the runs as well, or better."""
    rival = caveats.hard_cap(fit)
    if rival is None:
        return ""
    return f" {rival[0].upper()}{rival[1:]}."


def _meaning(fit: Fit) -> str:
    each = four_digits(fit.unit_throughput.value)
    if isinstance(fit, CappedFit):
        return f"throughput grows by {each} per n up to n = {four_digits(fit.knee)}, then stays at {fit.cap.value:.4g}."
    if isinstance(fit, AmdahlFit):
        return f"the serial fraction is {four_digits(fit.serial_fraction.value)}{_limit(fit)}."
    if fit.law == "linear":
        return f"throughput is {each} per n throughout."
    if caveats.shows_peak(fit):
        return f"throughput peaks at n = {four_digits(fit.peak)}."
    return f"throughput grows ever more slowly{_limit(fit)}."


def _limit(fit: Fit) -> str:
    """State the greatest speedup, unless more was measured or there is none."""
    if fit.max_speedup < fit.measured_speedup or fit.max_speedup > 1e6:
        return ""
    return f", and throughput stays below {four_digits(fit.max_speedup)} times that of n = 1"
