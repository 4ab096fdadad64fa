"""What commands are told: `--set KEY=VALUE` for a suite's defaults, and the JSON that the workflow passes."""

from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from loadstone.errors import SuiteError
from loadstone.text import short

if TYPE_CHECKING:
    from pydantic import BaseModel

    Given = TypeVar("Given", bound=BaseModel)

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


def read_option(model: "type[Given]", option: str, text: str) -> "Given":
    """Read a value that is given as JSON. Raises `SuiteError`."""
    from pydantic import ValidationError

    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        raise SuiteError(f"{option}: {'.'.join(map(str, first['loc'])) or 'JSON'}: {first['msg']}") from None
