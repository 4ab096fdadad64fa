"""How often scatter is taken for a law that is not there: `python -m benchmarks.law_decisions [TABLES]`.

Tables of eight levels are drawn from a known law with scatter between runs, and fitted by `best`. Each row states what
made them, and in which share of the tables the fit was called a hard cap, called retrograde, shown with a peak, or said
to miss. A share that is an error has to stay at 5 % or below; 200 tables per row take about a minute.
"""

import sys

import numpy as np

from loadstone.theory.capped import capped
from loadstone.theory.caveats import shows_peak
from loadstone.theory.fitting import fit_best
from loadstone.theory.misfit import misses
from loadstone.theory.scaling import Runs, amdahl, linear, usl

LEVELS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
TRUTHS = {
    "linear": [linear(n, 100.0) for n in LEVELS],
    "amdahl, sigma 0.03": [amdahl(n, 100.0, 0.03) for n in LEVELS],
    "amdahl, sigma 0.15": [amdahl(n, 100.0, 0.15) for n in LEVELS],
    "cap at n = 3.2": [capped(n, 100.0, 320.0) for n in LEVELS],
    "cap at n = 1.5": [capped(n, 100.0, 150.0) for n in LEVELS],
    "usl, peak at n = 9.5": [usl(n, 100.0, 0.1, 0.01) for n in LEVELS],
    "usl, peak at n = 5.6": [usl(n, 100.0, 0.05, 0.03) for n in LEVELS],
}
SCATTER = ((0.02, 1), (0.05, 1), (0.09, 1), (0.03, 3))
"""Standard deviation of the logarithm of throughput, and runs per level."""


def draw(exact: list[float], noise: float, repeats: int, seed: int) -> Runs:
    """Draw one table."""
    rng = np.random.default_rng(seed)
    n, means = np.repeat(LEVELS, repeats), np.repeat(exact, repeats)
    return Runs.of(n.tolist(), (means * np.exp(rng.normal(0, noise, len(means)))).tolist())


def main(tables: int) -> None:
    """Print the shares."""
    print(f"{'made by':24}{'scatter':>9}{'runs':>6}{'capped':>9}{'retrograde':>12}{'peak':>8}{'misses':>8}")
    for name, exact in TRUTHS.items():
        for noise, repeats in SCATTER:
            fits = [fit_best(draw(exact, noise, repeats, seed)).fit for seed in range(tables)]
            shares = (
                np.mean([fit.law == "capped" for fit in fits]),
                np.mean([any(warning.startswith("retrograde") for warning in fit.warnings) for fit in fits]),
                np.mean([shows_peak(fit) for fit in fits]),
                np.mean([misses(fit) for fit in fits]),
            )
            cells = "".join(f"{share:>{width}.1%}" for share, width in zip(shares, (9, 12, 8, 8), strict=True))
            print(f"{name:24}{noise:>9.0%}{repeats:>6}{cells}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
