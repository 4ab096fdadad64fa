"""The API conforms to its description, for any request that schemathesis generates, in any order."""

import itertools
from pathlib import Path

import orjson
import pytest
import schemathesis
from flask import Flask
from hypothesis import settings

from server import create_app
from server.albums import starting_albums
from server.stores import open_store
from tests.support.fuzzing import fuzz

STORES = ("list", "dict", "cached", "sqlite")

schema = schemathesis.openapi.from_wsgi("/openapi.json", create_app())


@schema.parametrize()
@fuzz(40)
def test_as_described(case: schemathesis.Case) -> None:
    case.call_and_validate()


@pytest.mark.parametrize("store", STORES)
def test_as_described_after_anything(store: str, tmp_path: Path) -> None:
    """Follow the description's links: an added album is found, listed, and not added again."""
    app = create_app()
    numbers = itertools.count()
    most = 0

    class FreshStore(schemathesis.openapi.from_wsgi("/openapi.json", app).as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            path = tmp_path / f"{next(numbers)}.sqlite"
            app.extensions["store"] = open_store(store, starting_albums(3), path=path)

        def teardown(self) -> None:
            nonlocal most
            ids = [album["id"] for album in orjson.loads(app.extensions["store"].dump())]
            assert len(set(ids)) == len(ids) == len(app.extensions["store"])
            most = max(most, len(ids))

    FreshStore.run(settings=settings(fuzz(10), stateful_step_count=8))
    assert most > 3, "no sequence added an album"


def test_description_names_every_route(app: Flask) -> None:
    described = {
        (method.upper(), path.replace("{id}", "<album_id>"))
        for path, operations in app.test_client().get("/openapi.json").json["paths"].items()
        for method in operations
    }
    routes = {(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert described == routes
