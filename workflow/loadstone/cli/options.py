"""Options that commands share, and how the values of `--set` and of JSON options are read."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from loadstone.errors import SuiteError, TableError
from loadstone.text import short

if TYPE_CHECKING:
    from pydantic import BaseModel

    from loadstone.figures.numbers import Decimal
    from loadstone.figures.options import ReadOptions

    Model = TypeVar("Model", bound=BaseModel)

Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override one of the suite's defaults: duration=180s, warm_up=5s, repeats=5 or seed=7. You can repeat "
        "this option.",
    ),
]
Results = Annotated[Path, typer.Option(metavar="DIR", help="Folder with the campaign's results.")]
PlanFile = Annotated[Path, typer.Option(metavar="FILE", help="The campaign's plan.json.")]
Published = Annotated[
    Path | None, typer.Option(metavar="FILE", help="CSV file of published figures to compare the results with.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Markdown = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Also write the table as Markdown, for a job's summary.")
]
Junit = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Also write one test case per experiment, as JUnit's XML.")
]
Base = Annotated[Path, typer.Option(metavar="DIR", help="The suite's folder, from which paths in the settings start.")]
Builds = Annotated[Path, typer.Option(metavar="DIR", help="Folder with the campaign's checkouts of commits.")]
Damaged = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder inside the results folder to which damaged results are moved. Without this option, they are "
        "named and stay where they are.",
    ),
]


ThinkTime = Annotated[
    str | None,
    typer.Option(
        metavar="S[,S]",
        help="Think time of tests that do not state one, in seconds: 1.5, or 1,2 for uniform between 1 and 2.",
    ),
]
DecimalMark = Annotated[
    str | None,
    typer.Option(
        "--decimal",
        metavar="comma|point",
        help="The character before decimals, for columns that can be read in two ways, such as 1,376.",
    ),
]
ColumnMap = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="MEANING=COLUMN",
        help="Name the meaning of a column that is not understood, with its unit: users='Active Threads', "
        "mean_s=Latency. You can repeat this option.",
    ),
]
StatedUsers = Annotated[
    str | None, typer.Option("--users", metavar="N", help="Number of users of tests that do not state it.")
]
StatedDuration = Annotated[
    str | None, typer.Option("--duration", metavar="TIME", help="Duration of tests that do not state it: 3m, 90s.")
]
StatedRamp = Annotated[
    str | None,
    typer.Option("--ramp", metavar="TIME", help="Time in which users were started, if the tests do not state it: 10s."),
]


def read_figure_options(
    think_time: str | None = None,
    decimal: str | None = None,
    columns: list[str] | None = None,
    users: str | None = None,
    duration: str | None = None,
    ramp: str | None = None,
) -> "ReadOptions":
    """Read the options that state what a file of figures does not. Raises `TableError` for a value not allowed."""
    from loadstone.figures.options import ReadOptions, parse_think_time

    mapping: dict[str, str] = {}
    for text in columns or []:
        meaning, separator, column = (part.strip() for part in text.partition("="))
        if not separator or not meaning or not column:
            raise TableError(f"--map: {short(text)} is not allowed; allowed: MEANING=COLUMN, such as users=Threads")
        if meaning in mapping:
            raise TableError(f"--map: {short(meaning)} is given twice; allowed: one column per meaning")
        mapping[meaning] = column
    return ReadOptions(
        think=None if think_time is None else parse_think_time(think_time),
        decimal=read_decimal(decimal),
        mapping=mapping,
        users=_figure_of("--users", users, "count", "a number above 0, such as 50"),
        duration_s=_figure_of("--duration", duration, "time", "a time above 0, such as 90s or 3m"),
        ramp_s=_figure_of("--ramp", ramp, "time", "a time above 0, such as 10s"),
    )


def read_decimal(text: str | None) -> "Decimal | None":
    """Read the value of `--decimal`. Raises `TableError` for another word."""
    if text is None:
        return None
    words: tuple[Decimal, ...] = ("comma", "point")
    for word in words:
        if text == word:
            return word
    raise TableError(f"--decimal: {short(text)} is not allowed; allowed: comma, point")


def _figure_of(option: str, text: str | None, quantity: str, allowed: str) -> float | None:
    from loadstone.figures.numbers import read_figure
    from loadstone.figures.options import MAX_FIGURE

    if text is None:
        return None
    figure = read_figure(text, "time" if quantity == "time" else "count")
    if figure is None or not 1 / MAX_FIGURE <= figure.value <= MAX_FIGURE:
        raise TableError(f"{option}: {short(text)} is not allowed; allowed: {allowed}")
    return figure.value


def read_overrides(texts: list[str] | None) -> dict[str, object]:
    """Read the values of `--set`. Raises `SuiteError` for a text without `=`; `load_suite` checks the keys."""
    values: dict[str, object] = {}
    for text in texts or []:
        key, separator, value = text.partition("=")
        if not separator:
            raise SuiteError(f"command line: {short(text)} is not allowed; allowed: KEY=VALUE")
        values[key] = int(value) if value.isascii() and value.isdigit() else value
    return values


def write_output(option: str, path: Path | None, text: str) -> None:
    """Write the file that an option asks for, if it was given. Raises `SuiteError` if it cannot be written."""
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SuiteError(f"{option}: {path}: cannot be written: {error.strerror}") from None


def read_option(model: "type[Model]", option: str, text: str) -> "Model":
    """Read the value of an option that is JSON. Raises `SuiteError` if it does not fit the model."""
    from pydantic import ValidationError

    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        raise SuiteError(f"{option}: {'.'.join(map(str, first['loc'])) or 'JSON'}: {first['msg']}") from None
