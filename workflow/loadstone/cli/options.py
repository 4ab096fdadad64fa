"""Options that commands share, and how the values of `--set` and of JSON options are read."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from loadstone.errors import SuiteError
from loadstone.text import short

if TYPE_CHECKING:
    from pydantic import BaseModel

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
