"""The API does what its description says, for anything that schemathesis can think of."""

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings

from server import create_app

schema = schemathesis.openapi.from_wsgi("/openapi.json", create_app())


@schema.parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_as_described(case: schemathesis.Case) -> None:
    case.call_and_validate()


def test_description_names_every_route(app: Flask) -> None:
    described = {
        (method.upper(), path.replace("{id}", "<album_id>"))
        for path, operations in app.test_client().get("/openapi.json").json["paths"].items()
        for method in operations
    }
    routes = {(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert described == routes
