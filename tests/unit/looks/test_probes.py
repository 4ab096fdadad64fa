"""Which probes a look grants, by made-up campaigns that the real analysis judges."""

from pathlib import Path

from loadstone.plan.schedule import Run, make_plan
from loadstone.results.looks import Look
from loadstone.suite.load import load_suite
from tests.support.made_up import Made
from tests.unit.analyse.test_bottleneck import IDLE
from tests.unit.looks.test_stage import look_at

HEAD = "baselines: false\ndefaults: {duration: 5s, repeats: 2, server: {threads: 4}, load: {think_time: 0.05}}\n"
EXPERIMENT = "experiments: {a: {probe: true}}\n"


def look(folder: Path, *, twice: float, text: str = HEAD + EXPERIMENT, **made: object) -> Look:
    """Take a look at an experiment of 1,000 requests/s, whose probe has `twice` as many."""
    rates = {f"a{kind}": (1000.0, 0.001) for kind in ("", "@slots", "@client", "@half-think")}

    def behave(run: Run) -> Made:
        rate = 1000 * (twice if run.experiment == "a@twice" else 1.0)
        return {"users": float(run.load.users), "throughput": rate, "response_s": run.load.users / rate, **made}

    [found] = look_at(folder, text, rates | {"a@twice": (1000.0 * twice, 0.001)}, behave)
    return found


def test_full_slots_are_doubled(tmp_path: Path) -> None:
    found = look(tmp_path, twice=1.01, server_threads=4, server_workers=1, server_seconds=0.0039)
    assert found.granted == ("a@slots",)
    assert found.experiments["a@slots"].repeats == 0
    assert found.sentence == "look 1: further probes a@slots: it may be limited by its slots"
    assert make_plan(load_suite(tmp_path / "suite.yaml"), [found.granted]).repeats["a@slots"] == 2


def test_unknown_limit_asks_for_slots_and_a_capacity_for_no_less_think_time(tmp_path: Path) -> None:
    found = look(tmp_path, twice=1.01)
    assert found.granted == ("a@slots",)
    assert found.experiments["a@slots"].reason == "nothing measured shows what its requests wait for"


def test_knee_asks_for_half_the_think_time_too(tmp_path: Path) -> None:
    assert look(tmp_path, twice=1.4).granted == ("a@slots", "a@half-think")


def test_generator_asks_for_the_other_client_first(tmp_path: Path) -> None:
    found = look(tmp_path, twice=1.4, generator_cpu=[0.8])
    assert found.granted == ("a@client", "a@slots")
    assert found.experiments["a@client"].reason == "its load generator is near its limit"


def test_experiment_whose_throughput_follows_its_users_is_settled(tmp_path: Path) -> None:
    found = look(tmp_path, twice=2.0, **{key: IDLE[key] for key in ("server_cpu", "generator_cpu", "host_busy")})
    assert found.granted == ()


def test_experiment_with_errors_is_to_be_mended_first(tmp_path: Path) -> None:
    assert look(tmp_path, twice=1.0, failures=4000.0).granted == ()


def test_budget_bounds_probes(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text(HEAD + EXPERIMENT, encoding="utf-8")
    sure_s = make_plan(load_suite(tmp_path / "suite.yaml")).expected_s
    found = look(tmp_path, twice=1.01, text=f"budget: {sure_s + 5:.0f}s\n" + HEAD + EXPERIMENT)
    assert found.granted == ()
    assert "but the budget of" in found.experiments["a@slots"].reason
