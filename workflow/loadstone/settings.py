"""`--set KEY=VALUE`: a suite's defaults as commands let them be overridden."""

from typing import Annotated

import typer

from loadstone.errors import SuiteError
from loadstone.telling import short

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override a default: duration=180s, warm_up=5s, repeats=5, seed=7."
    ),
]


def overrides(settings: list[str] | None) -> dict[str, object]:
    """Read the settings. Raises `SuiteError` for what is none; whether the keys can be set is the suite's to tell."""
    values: dict[str, object] = {}
    for setting in settings or []:
        key, separator, value = setting.partition("=")
        if not separator:
            raise SuiteError(f"command line: {short(setting)} is not allowed; allowed: KEY=VALUE")
        values[key] = int(value) if value.isascii() and value.isdigit() else value
    return values
