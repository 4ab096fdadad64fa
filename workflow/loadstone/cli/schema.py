"""`loadstone schema`: the JSON Schema of suite files, or of files of signals."""

from typing import Annotated

import typer


def schema(
    signals: Annotated[
        bool, typer.Option("--signals", help="Print the schema of the file that `loadstone verdict` takes.")
    ] = False,
) -> None:
    """Print the JSON Schema of suite files, which lets your editor complete and check a suite.

    Example: loadstone schema > suite.schema.json
    """
    import json

    from loadstone.results.signals import Signals
    from loadstone.suite.model import SuiteFile

    model = Signals if signals else SuiteFile
    print(json.dumps(model.model_json_schema(), indent=2))
