"""What a hypothesis can expect: bounds, shapes and verdicts."""

import json
import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.errors import SuiteError
from loadstone.suite.hypotheses import (
    METRICS,
    Region,
    Shape,
    parse_region,
    parse_shape,
    parse_verdict,
)
from loadstone.suite.load import load_suite
from loadstone.suite.verdict import SERVER_VERDICTS

PIECES = st.sampled_from(
    [
        ">",
        ">=",
        "<",
        "within",
        "of",
        "between",
        "and",
        "flat",
        "rises",
        "%",
        "ms",
        "s",
        "1",
        "0.5",
        "10",
        "-1",
        " ",
        "٣",
        "\n",
    ]
)
TEXTS = st.text(max_size=40) | st.lists(PIECES, max_size=9).map("".join) | st.lists(PIECES, max_size=9).map(" ".join)
UNITS = st.sampled_from(sorted({metric.unit for metric in METRICS.values()} | {"s"}))


def result_of(parse: Callable[[str], object], text: str) -> object:
    try:
        return parse(text)
    except (ValueError, SuiteError) as error:
        return error


@given(TEXTS, UNITS)
def test_any_text_is_an_expectation_or_a_mistake_of_one_line(text: str, unit: str) -> None:
    for parse in (lambda t: parse_region(t, unit), parse_shape, parse_verdict):
        found = result_of(parse, text)
        if isinstance(found, ValueError):
            assert len(str(found).splitlines()) == 1
        else:
            assert not isinstance(found, Region) or found.low < found.high


@given(TEXTS)
def test_any_text_is_told_with_its_key(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("suite") / "suite.yaml"
    value = json.dumps({"claim": "c", "value": {"metric": "mean", "of": "a"}, "expect": text})
    path.write_text(f"experiments: {{a: {{}}}}\nhypotheses: {{h: {value}}}")
    found = result_of(lambda _: load_suite(path), "")
    if isinstance(found, SuiteError):
        [line] = found.lines
        assert line.startswith((f"{path}: hypotheses.h.expect: ", f"{path}: not YAML"))


@given(st.decimals(0, 10**6, places=3).map(str), st.sampled_from([">", ">=", "<", "<="]), st.sampled_from(["", " "]))
def test_bound_is_read_as_written(number: str, relation: str, space: str) -> None:
    found = parse_region(f"{relation}{space}{number}", "")
    assert float(number) in (found.low, found.high)
    assert found.open == (len(relation) == 1)
    assert (found.high == math.inf) == relation.startswith(">")


@pytest.mark.parametrize(
    ("text", "unit", "region"),
    [
        ("> 1.05", "", Region(low=1.05, open=True)),
        (">= 20", "requests/s", Region(low=20)),
        ("< 50ms", "ms", Region(high=50, open=True)),
        ("<= 0.05 s", "ms", Region(high=50)),
        ("< 500ms", "s", Region(high=0.5, open=True)),
        ("<= 1%", "share", Region(high=0.01)),
        ("within 5% of 20ms", "ms", Region(low=19, high=21)),
        ("between 0.9 and 1.1", "", Region(low=0.9, high=1.1)),
        ("between 10ms and 0.1s", "ms", Region(low=10, high=100)),
    ],
)
def test_region(text: str, unit: str, region: Region) -> None:
    found = parse_region(text, unit)
    assert found.open == region.open
    assert (found.low, found.high) == pytest.approx((region.low, region.high))


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("> 50", "ms"), ("> 50%", "ms"), ("> 50ms", "requests/s"), ("> 1%", ""), ("<= 0.01", "share"), ("= 1", ""),
        ("1", ""), ("> -1", ""), ("> 1 or < 0.5", ""), ("within 5% of 0", ""), ("within 0% of 1", ""), ("> 1e3", ""),
        ("between 2 and 1", ""), ("between 1 and 1", ""), ("> " + "9" * 400, ""), ("within 200% of 1", ""), ("> ٣", ""),
    ],
)  # fmt: skip
def test_what_is_no_region(text: str, unit: str) -> None:
    with pytest.raises(ValueError, match="within 5% of"):
        parse_region(text, unit)


def test_shapes_and_verdicts() -> None:
    assert parse_shape(" rises ") == Shape("rises")
    assert parse_shape("linear") == Shape("linear")
    assert parse_shape("flat within 10%") == Shape("flat", pytest.approx(0.1))
    for wrong in ("flat", "flat within 0%", "flat within 10", "rise", ""):
        with pytest.raises(ValueError, match="flat with a tolerance"):
            parse_shape(wrong)
    assert parse_verdict("server") == SERVER_VERDICTS
    assert parse_verdict("users' pauses") == ("users' pauses",)
    assert parse_verdict("think time") == ("users' pauses",), "the name that earlier versions gave it"
    with pytest.raises(ValueError, match="server, users' pauses, "):
        parse_verdict("the server")
