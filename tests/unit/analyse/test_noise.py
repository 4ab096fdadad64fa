"""What a noise check means, in figures and in words."""

import math

import pytest

from loadstone.analyse.noise import (
    QUIET_VARIATION,
    expect,
    expect_by_check,
    expect_by_repeats,
    find_change,
    find_remedies,
    of_campaign,
    write_figures,
    write_line,
)
from loadstone.results.noise import NoiseCheck
from loadstone.results.repeats import CampaignRepeats, ExperimentRepeats
from tests.unit.results.test_noise import CHECK


def changed(**values: object) -> NoiseCheck:
    """The check with other values."""
    return CHECK.model_copy(update=values)


def repeats(runs: int, *variations: float) -> CampaignRepeats:
    """A campaign whose experiments varied so, and a baseline that varied widely."""
    experiments = {
        name: ExperimentRepeats(
            runs=runs,
            intervals={},
            variation={"throughput_rps": variation},
            precision=0.02,
            needed=None,
            disagreements=(),
        )
        for name, variation in [*((f"e{n}", each) for n, each in enumerate(variations)), ("ceiling@x", 0.9)]
    }
    return CampaignRepeats(experiments=experiments, drift=None)


def test_spin_that_varies_adds_to_what_a_quiet_machine_varies_by() -> None:
    quiet, noisy = expect_by_check(changed(spin_variation=0.0)), expect_by_check(changed(spin_variation=0.05))
    assert quiet is not None
    assert noisy is not None
    assert quiet.variation == QUIET_VARIATION
    assert noisy.variation == math.hypot(QUIET_VARIATION, 0.05)
    assert "within ±3.92 % of their mean" in quiet.sentence
    assert "Five repeats per side show a difference of 4.94 %" in quiet.sentence


def test_machine_on_which_nothing_spun_has_no_expectation() -> None:
    assert expect_by_check(changed(spin_ms=None, spin_variation=None)) is None


def test_measured_repeats_count_more_than_an_estimate() -> None:
    measured = expect(CHECK, repeats(1000, 0.03, 0.04, 0.08), "results")
    assert measured is not None
    assert measured.variation == pytest.approx(0.04, rel=1e-3), "the median, without baselines"
    assert "between the repeats of results (median of 3 experiments)" in measured.grounds


def test_repeats_of_a_quieter_day_do_not_hide_the_noise_of_today() -> None:
    noisy = changed(spin_variation=0.2)
    assert expect(noisy, repeats(5, 0.01), "results") == expect_by_check(noisy)


def test_two_repeats_are_no_measured_variation() -> None:
    assert expect_by_repeats(repeats(2, 0.01), "results") is None
    assert expect(CHECK, repeats(2, 0.01), "results") == expect_by_check(CHECK)


def test_one_line_states_the_check_and_its_meaning() -> None:
    assert write_line(CHECK) == (
        "noise check: spin 8.00 ms, varies by 1.00 %, others use 0.300 of 2 CPUs, steal 0 %: "
        "expect repeats within ±4.38 %; five per side show a difference of 5.54 %"
    )
    unknown = changed(spin_variation=None, foreign_cpus=None, steal=None)
    assert write_line(unknown) == "noise check: spin 8.00 ms, others use – of 2 CPUs"
    held = changed(spin_ms=None, spin_variation=None, measuring="one, repeat 1")
    assert write_line(held) == "noise check: not made, because another measurement runs: one, repeat 1"


def test_unknown_figures_are_dashes_and_never_zeros() -> None:
    bare = NoiseCheck(time=1.0, seconds=2.0, python="3.11.7", cpus=2, cores=2)
    shown = dict(write_figures(bare))
    assert shown.pop("CPUs") == "2"
    assert shown.pop("other measurement") == "none"
    assert set(shown.values()) == {"–"}
    assert list(find_remedies(bare)) == []


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ({"measuring": "one, repeat 1"}, "Another measurement runs"),
        ({"foreign_cpus": 0.5}, "Other processes use the CPUs"),
        ({"steal": 0.03}, "The hypervisor takes CPU time"),
        ({"cpu_quota": 1.5}, "A CPU quota"),
        ({"mhz_low": 2000.0, "mhz_high": 3000.0}, "frequency changes"),
        ({"slowdown": 1.6}, "CPUs slow each other"),
        ({"shared_cores": True}, "Some CPUs are threads of one core"),
        ({"pressure": 0.2}, "Processes wait for a CPU"),
        ({"spin_variation": 0.06}, "The same work takes varying time"),
    ],
)
def test_each_disturbance_has_its_remedy(values: dict[str, object], remedy: str) -> None:
    quiet = changed(foreign_cpus=0.03, pressure=0.01)
    assert list(find_remedies(quiet)) == []
    [found] = find_remedies(quiet.model_copy(update=values))
    assert remedy in found


def test_busy_neighbours_explain_why_cpus_slow_each_other() -> None:
    [found] = find_remedies(changed(foreign_cpus=1.0, slowdown=1.6, pressure=0.9))
    assert "stop them" in found


def test_checks_after_which_nothing_was_measured_are_left_out() -> None:
    checks = [changed(time=time) for time in (100.0, 200.0, 300.0)]
    assert [check.time for check in of_campaign(checks, [210.0, 250.0, 350.0])] == [200, 300]
    assert of_campaign(checks, [50.0]) == []
    assert of_campaign([], [50.0]) == []


def test_change_of_the_machine_is_named() -> None:
    slower = changed(spin_ms=9.6)
    sentence = find_change([CHECK, slower])
    assert sentence is not None
    assert "took 8.00 ms before one part of the campaign, and 9.60 ms before another, 20.0 % longer" in sentence
    assert find_change([CHECK, changed(spin_ms=8.4)]) is None
    assert find_change([CHECK, slower.model_copy(update={"python": "3.13.0"})]) is None, "another interpreter"
    assert find_change([]) is None
