"""Suites that expand to more than they show, and typing errors: refused in one line, in little time and memory."""

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loadstone.errors import SuiteError
from loadstone.suite.load import load_suite
from loadstone.suite.size_limits import MAX_RUNS

WriteSuite = Callable[[str], Path]

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
MERGE_BOMB = "a0: &a0 {k: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 12)
)
MANY = ", ".join(f"h{n}: {{claim: c, bottleneck: nobody{n}, expect: server}}" for n in range(900))
SWEEP = "{vary: load.users, values: [" + ", ".join(map(str, range(50, 250))) + "]}"

NASTY: dict[str, tuple[str, str]] = {
    "bomb": (BOMB + "experiments: {a: {duration: *a11}}", "expands to too much"),
    "merge-bomb": (MERGE_BOMB + "experiments: {a: *a11}", "expands to too much"),
    "into-itself": ("defaults: &d {load: *d}\nexperiments: {a: *d}", "an alias refers to a value that contains it"),
    "list-into-itself": ("experiments: {a: {duration: &x [*x]}}", "an alias refers to a value that contains it"),
    "brackets": ("experiments: " + "[" * 20_000, "nested"),
    "braces": ("experiments: " + "{a: " * 10_000, "nested"),
    "indentation": ("\n".join(" " * n + "a:" for n in range(600)), "nested"),
    "digits": (f"seed: {'9' * 100_000}\nexperiments: {{a: {{}}}}", "a number of 100,000 characters"),
    "hex": (f"seed: 0x{'f' * 100_000}\nexperiments: {{a: {{}}}}", "a number of 100,002 characters"),
    "sexagesimal": (
        f"%YAML 1.1\n---\nseed: 1{':59' * 50_000}\nexperiments: {{a: {{}}}}",
        "a number of 150,001 characters",
    ),
    "long-text": (f"experiments: {{a: {{load: {{user: {'x' * 200_000}}}}}}}", "'xxx"),
    "long-name": (f"experiments: {{? {'x' * 200_000} : {{}}}}", "xxx... is not allowed"),
    "too-large": ("#" * 300_000, "too large for a suite; allowed: at most 256 KiB"),
    "million-values": (f"sweeps: {{s: {{vary: load.users, values: [{'1, ' * 1_000_000}]}}}}", "too large for a suite"),
    "many-values": (
        f"sweeps: {{s: {{vary: load.users, values: [{'1, ' * 9000}]}}}}",
        "9000 values; allowed: at most 200",
    ),
    "many-sweeps": (
        f"sweeps: {{{', '.join(f's{n}: {SWEEP}' for n in range(55))}}}",
        "11,000 experiments; allowed: at most",
    ),
    "many-mistakes": (
        f"experiments: {{{', '.join(f'e{n}: {{}}' for n in range(900))}}}\nhypotheses: {{{MANY}}}",
        "'nobody899' is not an experiment; allowed: e0, e1,",
    ),
    "big-defaults": (
        f"defaults: {{duration: [{'1, ' * 5000}]}}\nexperiments: {{{', '.join(f'e{n}: {{}}' for n in range(600))}}}",
        "defaults.duration: [1, 1, 1,",
    ),
    "nul": ("experiments: {a\0: {}}", "not YAML"),
    "tag": ("experiments: {a: !!python/object/apply:os.system [id]}", "not YAML: could not determine a constructor"),
    "misfit-tag": ("seed: !!int ''\nexperiments: {a: {}}", "not YAML"),
    "two-documents": ("experiments: {a: {}}\n---\nexperiments: {b: {}}", "not YAML: but found another document"),
    "infinite": ("thresholds: {slowed: .inf}\nexperiments: {a: {}}", "thresholds.slowed: inf is not allowed"),
    "no-number": ("experiments: {a: {load: {spawn_rate: .nan}}}", "load.spawn_rate: nan is not allowed"),
    "date": ("experiments: {a: {duration: 2026-01-01}}", "duration: 2026-01-01 is not allowed"),
    "number-as-key": ("experiments: {1: {}}", "experiments.1"),
    "null-as-key": ("experiments: {a: {load: {~: 1}}}", "experiments.a.load.None"),
}

BOUNDED = """
import resource, sys, time
from pathlib import Path
from loadstone.errors import SuiteError
from loadstone.suite.load import load_suite
for path in sorted(Path(sys.argv[1]).glob("*.yaml")):
    began = time.process_time()
    try:
        load_suite(path)
        line = "accepted"
    except SuiteError as error:
        line = error.lines[-1]
        assert sum(map(len, error.lines)) < 5_000_000
    except BaseException as error:
        line = f"{type(error).__name__}: {error}"[:300]
    print(path.stem, f"{time.process_time() - began:.2f}", line, sep="\\t", flush=True)
print("MiB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
"""
MAX_BYTES = 1 << 30
"""Address space for all suites together, Python and its packages included."""


@pytest.mark.slow
def test_nasty_suites_are_refused_within_bounds(tmp_path: Path) -> None:
    """One process with limited memory reads all of them."""
    for name, (text, _) in NASTY.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, "-c", BOUNDED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES)),
    )
    print(answer.stdout[-3000:], answer.stderr)
    told = {name: line for name, _, line in (row.split("\t", 2) for row in answer.stdout.splitlines())}
    assert {name: told.get(name) for name, (_, wanted) in NASTY.items() if wanted not in told.get(name, "")} == {}


def many(count: int) -> str:
    return "experiments: {" + ", ".join(f"e{n}: {{}}" for n in range(count)) + "}"


def at_most(limit: int) -> str:
    return f"is not allowed; allowed: less than or equal to {limit}"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{a: {load: {users: 5000000}}}", f"load.users: 5000000 {at_most(20_000)}"),
        ("{a: {load: {spawn_rate: 1.0e9}}}", "spawn_rate: 1e+09 must be at most users: 50"),
        ("{a: {load: {spawn_rate: 0.001}}}", "allowed: at least 0.014"),
        ("{a: {load: {arrivals: {rate: 1.0e9}}}}", f"rate: 1000000000.0 {at_most(100_000)}"),
        ("{a: {load: {workers: 6400}}}", f"load.workers: 6400 {at_most(64)}"),
        ("{a: {server: {workers: 6400, store: sqlite}}}", f"server.workers: 6400 {at_most(64)}"),
        ("{a: {server: {threads: 100000}}}", f"threads: 100000 {at_most(256)}"),
        ("{a: {server: {albums: 1000000000}}}", f"albums: 1000000000 {at_most(1_000_000)}"),
        ("{a: {duration: 20h}}", "duration: '20h' is not allowed; allowed: at most 6h"),
        ("{a: {warm_up: 99h}}", "warm_up: '99h' is not allowed; allowed: at most 6h"),
        ("{a: {repeats: 100000}}", "repeats: 100000 is not allowed; allowed: 1 to 100, or {min: 3, max: 10"),
        (
            "{a: {repeats: {min: 9, max: 8}}}",
            "repeats: not allowed; allowed: {min: 3, max: 10, until: decided} with 2 <=",
        ),
        ("{a: {duration: 6h, repeats: 50}}", "300 h in total, of which a takes 300 h; allowed: at most 168 h"),
        ("{a: {}}\ncapacity: {c: {slo: p95 < 1s, rates: [1, 1.0e9]}}", "lowest < highest <= 100,000"),
    ],
)
def test_typing_error_is_refused_and_told_what_is_allowed(write_suite: WriteSuite, text: str, complaint: str) -> None:
    with pytest.raises(SuiteError) as caught:
        load_suite(write_suite(f"experiments: {text}"))
    [line] = caught.value.lines
    assert complaint in line


def test_number_of_runs_is_bounded(write_suite: WriteSuite) -> None:
    defaults = "defaults: {repeats: 100, duration: 1s}\n"
    load_suite(write_suite(defaults + many(MAX_RUNS // 100)))
    with pytest.raises(SuiteError, match="10,100 runs in total; allowed: at most 10,000"):
        load_suite(write_suite(defaults + many(MAX_RUNS // 100 + 1)))


NAMES = (
    *("..", "a/../../b", "/etc/x", "-rf", "a b", "a\\nb", "ａ", "a\u202eb", ".hidden", "a" * 65, "a\\0", "a@twice"),
    *("${HOME}", "{x}", "$(id)", "a;id"),
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "part",
    [
        "experiments: {%s: {}}",
        "sweeps: {%s: {vary: load.users, values: [50]}}",
        "experiments: {a: {}}\ncapacity: {%s: {slo: p95 < 1s}}",
    ],
    ids=["experiment", "sweep", "search"],
)
def test_no_name_leaves_the_campaigns_folder(write_suite: WriteSuite, name: str, part: str) -> None:
    with pytest.raises(SuiteError, match="1 to 64 letters"):
        load_suite(write_suite(part % f'"{name}"'))


@pytest.mark.parametrize("value", ["../../../etc", "/abs", "a b;id", "$(id)", "\u202e", "..", "\\ud800"])
def test_no_value_of_a_sweep_leaves_the_campaigns_folder(write_suite: WriteSuite, value: str) -> None:
    path = write_suite(f'sweeps: {{s: {{vary: server.store, values: ["{value}"]}}}}')
    with pytest.raises(SuiteError, match=r"sweeps\.s\.values: server\.store: .* is not allowed"):
        load_suite(path)


@pytest.mark.parametrize(
    "table", ["/etc/passwd", "../table.csv", "a/../../b.csv", "", ".", "a//b", "c:\\\\x", "a\\0b", "a\\e[31m"]
)
def test_published_table_lies_in_the_suites_folder(write_suite: WriteSuite, table: str) -> None:
    with pytest.raises(SuiteError, match=r"published\.table: .* allowed: the path of a file in the suite's folder"):
        load_suite(write_suite(f'experiments: {{a: {{}}}}\npublished: {{table: "{table}", rows: {{}}}}'))
