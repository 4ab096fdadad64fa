"""The album API in this process, for tests of its answers."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server import create_app


@pytest.fixture(params=["list", "dict", "cached", "sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Flask:
    return create_app(store=request.param, path=str(tmp_path / "albums.sqlite"))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
