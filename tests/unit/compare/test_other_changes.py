"""What else changed between two campaigns: verdicts, machine, settings, experiments."""

import pytest

from tests.support.comparisons import SUITE, Make, compared, loadstone, output, refusal, slower


def test_changed_verdict_is_told_and_fails_where_asked(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    folders = (
        make("before"),
        make("after", lambda run: {"verdict": "users' pauses"} if run.experiment == "other" else {}),
    )
    text = output(capsys, *folders, fail_on=["regression:5%"])
    assert "Verdicts that changed\n  other: server's CPU → users' pauses\n" in text
    assert text.splitlines()[0].endswith("; 1 verdict changed")
    answer = loadstone(*folders, "--fail-on", "regression:5%", "--fail-on", "verdict")
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1] == "loadstone: other: verdict changed: server's CPU → users' pauses"


def test_changed_machine_and_source_are_told_once(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    old = {"commit": "a" * 40, "dirty": False, "lock_sha256": "1" * 64, "versions": {"python": "3.12", "flask": "3.1"}}
    new = {"commit": "b" * 40, "dirty": True, "lock_sha256": "2" * 64, "versions": {"python": "3.12", "orjson": "3.11"}}
    before = make("before", source=old)
    after = make("after", source=new, machine={"cores": 4, "memory_bytes": 2**30 + 5000})
    text = output(capsys, before, after)
    expected = [
        "Machine and software that changed", "  CPUs: 2 → 4", f"  commit: {'a' * 12} → {'b' * 12}",
        "  uncommitted changes: no → yes", f"  lock file: {'1' * 12} → {'2' * 12}", "  flask: 3.1 → absent",
        "  orjson: absent → 3.11",
    ]  # fmt: skip
    assert "\n".join(expected) + "\n\n" in text
    assert text.count("CPUs: 2 → 4") == 1
    assert "Machine" not in output(capsys, before, before)
    assert "the code may differ even if the commit is the same" in output(capsys, after, after)


def test_changed_keys_are_told_with_both_values(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    text = "seed: 2\n" + SUITE.replace("users: 10", "users: 20, think_time: 1, arrivals: {rate: 9}")
    text = text.replace("repeats: 3", "repeats: 3, duration: 1m, warm_up: 500ms")
    told = output(capsys, make("before"), make("after", text=text))
    for line in (
        "seed: 1 → 2", "duration: 20s → 1m: all experiments", "warm_up: 3s → 0.5s: all experiments",
        "load.users: 10 → 20: other", "load.think_time: [1, 2] → [1, 1]: other",
        "load.arrivals.rate: absent → 9: other",
    ):  # fmt: skip
        assert f"  {line}\n" in told
    assert "server" not in told
    slow = make("slow", slower, text.replace("steady: {}", "steady: {load: {users: 49}}"))
    answer = refusal(make("again"), slow, fail_on=["regression:5%"])
    assert str(answer).endswith("settings that changed too: duration, load.users, warm_up")


def test_experiments_of_one_side_are_listed(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = make("before"), make("after", text=SUITE.replace("other", "new"))
    comparison = compared(before, after)
    assert (comparison.only_before, comparison.only_after) == (("other",), ("new",))
    assert [c.experiment for c in comparison.experiments] == ["steady"]
    text = output(capsys, before, after)
    assert "Experiments only before\n  other\n" in text
    assert "Experiments only after\n  new\n" in text


def test_probes_are_compared_and_baselines_are_not(make: Make) -> None:
    text = "defaults: {repeats: 2}\nexperiments: {a: {probe: true}}\n"
    comparison = compared(make("before", text=text), make("after", text=text))
    assert [c.experiment for c in comparison.experiments] == ["a", "a@twice"]
    assert comparison.only_before == comparison.only_after == ()


def test_names_are_names_even_where_they_look_like_something_else(make: Make) -> None:
    text = "baselines: false\ndefaults: {repeats: 2}\nexperiments: {NA: {}, '007': {}, 'null': {}}\n"
    comparison = compared(make("before", text=text), make("after", text=text))
    assert [c.experiment for c in comparison.experiments] == ["007", "NA", "null"]
