"""Embedding charts in the page: data by columns, each dataset once, floats rounded to what a chart can show."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import orjson
from markupsafe import Markup

from loadstone.report.charts.shared import Chart

DIGITS = 5
"""Significant digits of embedded data: more than a chart can show, less than a float's seventeen."""
FEW = 4
"""A column lists its distinct values once if each occurs this often or more on average."""


def embedded(charts: Mapping[str, Chart]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Turn charts into specifications that name their datasets, and the datasets by columns; page.js joins them.

    A column is a list of values, or `of` and `at`: the distinct ones, and which of them stands in each row.
    """
    specifications: dict[str, Any] = {}
    datasets: dict[str, Any] = {}
    with alt.data_transformers.disable_max_rows():
        for name, chart in charts.items():
            specification = rounded(chart.to_dict())
            own = specification.pop("datasets", {})
            datasets |= {key: _columns(rows) for key, rows in own.items() if key not in datasets}
            specifications[name] = specification | {"datasets": sorted(own)}
    return specifications, datasets


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = list(rows[0]) if rows else []
    return {name: _column([row.get(name) for row in rows]) for name in names}


def _column(values: list[Any]) -> Any:
    distinct = {value: place for place, value in enumerate(dict.fromkeys(values))}
    if FEW * len(distinct) > len(values):
        return values
    return {"of": list(distinct), "at": [distinct[value] for value in values]}


def rounded(value: Any) -> Any:
    """Round all floats to `DIGITS` significant digits."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return value


def json_in_script(value: object) -> Markup:
    """Serialise for a script element: with no `<`, nothing in it can end the element or begin a comment."""
    return Markup(orjson.dumps(value).decode().replace("<", "\\u003c"))  # noqa: S704 - escaped for this place


def code_in_script(code: str) -> Markup:
    """Make code safe for a script element: only there, inside its strings, can it name the closing tag."""
    return Markup(re.sub("</(script)", r"<\\/\1", code, flags=re.IGNORECASE))  # noqa: S704 - escaped for this place
