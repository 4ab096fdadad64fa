"""Markdown for a job's summary, and JUnit's XML."""

from xml.etree import ElementTree as ET

from loadstone.ab.for_ci import to_junit, to_markdown
from loadstone.ab.judge import conclude
from loadstone.compare.markup import Case, markdown_table, markdown_text, write_junit
from loadstone.results.ab import AbFinding, AbResult, AbSide
from loadstone.suite.verdict import Verdict
from tests.unit.ab.test_judge import judged, run, runs


def make_result(name: str = "feature/a|b") -> AbResult:
    findings = {
        "worse": judged(runs([10.0, 10.1], [20.0, 20.1]), 2),
        "noisy": judged([*runs([10.0, 10.1, 9.9], [10.0, 30.0, 9.0]), run("A", 4, 1.0, verdict=Verdict.ERRORS)], 4),
        "same": judged(runs([10.0, 10.01], [10.0, 10.01]), 2),
    }
    experiments = [found.model_copy(update={"experiment": name}) for name, found in findings.items()]
    sides = AbSide(name="main", commit="a" * 40), AbSide(name=name, commit="b" * 40)
    return conclude(*sides, 0.05, experiments)


def test_markdown_is_one_table_with_the_answer_above_it() -> None:
    text = to_markdown(make_result())
    lines = text.splitlines()
    assert lines[0].startswith("### feature/a\\|b (bbbbbbb) next to main (aaaaaaa): slower (margin 5 %) in 1 of 3")
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + 3
    assert {line.replace("\\|", "").count("|") for line in table} == {table[1].count("|")}
    assert "| worse | slower |" in text
    assert "users' pauses" in table[2]
    assert "- Does not count: noisy, pair 4, A: the reason" in lines


def test_junit_has_a_case_per_experiment() -> None:
    root = ET.fromstring(to_junit(make_result()))  # noqa: S314 - our own
    (suite,) = root.findall("testsuite")
    assert {key: suite.get(key) for key in ("tests", "failures", "skipped", "errors")} == {
        "tests": "3",
        "failures": "1",
        "skipped": "1",
        "errors": "0",
    }
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    worse, noisy, same = (cases[name] for name in ("worse", "noisy", "same"))
    assert str(worse.find("failure").get("message")).startswith("slower: mean response time 1.99")  # type: ignore[union-attr]
    assert str(noisy.find("skipped").get("message")).startswith("can't tell: ")  # type: ignore[union-attr]
    assert same.find("failure") is None
    assert same.find("skipped") is None


def test_junit_stays_well_formed_whatever_the_text() -> None:
    case = Case(name='<&"\x00\x1b]]>', outcome="failed", message="a\nb\ufffe\ud800 <x>")
    (failure,) = ET.fromstring(write_junit("one", [case])).iter("failure")  # noqa: S314 - our own
    assert "<x>" in str(failure.get("message"))


def test_markdown_text_cannot_leave_its_cell() -> None:
    assert markdown_text("a|b\n*c* <img> `d` [e]") == "a\\|b \\*c\\* &lt;img> \\`d\\` \\[e\\]"
    assert markdown_table(["x"], [["1|2"]], right={"x"}) == "| x |\n| --: |\n| 1\\|2 |\n"


def test_every_finding_has_an_exit_code() -> None:
    codes = {
        finding: make_result()
        .model_copy(update={"experiments": (judged(runs([1.0, 1.0], [1.0, 1.0]), 2).model_copy(
            update={"finding": finding}),)})
        .exit_code
        for finding in AbFinding
    }  # fmt: skip
    assert codes == {"fails more": 1, "slower": 1, "can't tell": 2, "faster": 0, "no change": 0}
