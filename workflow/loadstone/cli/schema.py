"""`loadstone schema`: the JSON Schema of suite files."""


def schema() -> None:
    """Print the JSON Schema of suite files, which lets your editor complete and check a suite.

    Example: loadstone schema > suite.schema.json
    """
    import json

    from loadstone.suite.model import SuiteFile

    print(json.dumps(SuiteFile.model_json_schema(), indent=2))
