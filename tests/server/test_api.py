"""The album API: the published contract, and one format for all errors."""

import pytest
from flask.testing import FlaskClient

ALBUM = {"id": "4", "title": "The Modern Sound", "artist": "Betty Carter", "price": 49.99}
JSON = {"Content-Type": "application/json"}


def test_lists_the_published_albums(client: FlaskClient) -> None:
    answer = client.get("/albums")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert [album["title"] for album in answer.json] == ["Blue Train", "Jeru", "Sarah Vaughan and Clifford Brown"]


def test_gives_one_album(client: FlaskClient) -> None:
    answer = client.get("/albums/2")
    assert answer.status_code == 200
    assert answer.json == {"id": "2", "title": "Jeru", "artist": "Gerry Mulligan", "price": 17.99}


def test_adds_an_album(client: FlaskClient) -> None:
    answer = client.post("/albums", json=ALBUM)
    assert (answer.status_code, answer.json) == (201, ALBUM)
    assert client.get("/albums/4").json == ALBUM
    assert client.get("/albums").json[-1] == ALBUM
    assert client.get("/healthz").json == {"status": "ok", "albums": 4}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("GET", "/albums/17", None, {}, 404),
        ("GET", "/nothing", None, {}, 404),
        ("DELETE", "/albums", None, {}, 405),
        ("PUT", "/albums/1", b"{}", JSON, 405),
        ("POST", "/albums", b"{", JSON, 400),
        ("POST", "/albums", b"", JSON, 400),
        ("POST", "/albums", b"\xff\xfe", JSON, 400),
        ("POST", "/albums", b"[" * 9999, JSON, 400),
        ("POST", "/albums", b"id=4", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ("POST", "/albums", b"{}", {}, 415),
        ("POST", "/albums", b"x" * 20_000, JSON, 413),
        ("POST", "/albums", b"[]", JSON, 422),
        ("POST", "/albums", b'{"id": "4"}', JSON, 422),
        ("POST", "/albums", b'{"id":"4","title":"t","artist":"a","price":1,"x":1}', JSON, 422),
        ("POST", "/albums", b'{"id":4,"title":"t","artist":"a","price":1}', JSON, 422),
        ("POST", "/albums", b'{"id":"","title":"t","artist":"a","price":1}', JSON, 422),
        ("POST", "/albums", b'{"id":"a/b","title":"t","artist":"a","price":1}', JSON, 422),
        ("POST", "/albums", b'{"id":"4","title":"t","artist":"a","price":"1"}', JSON, 422),
        ("POST", "/albums", b'{"id":"4","title":"t","artist":"a","price":-1}', JSON, 422),
        ("POST", "/albums", b'{"id":"4","title":"t","artist":"a","price":NaN}', JSON, 422),
        ("POST", "/albums", b'{"id":"4","title":"t","artist":"a","price":1e400}', JSON, 422),
        ("POST", "/albums", b'{"id":"4","title":"' + b"t" * 201 + b'","artist":"a","price":1}', JSON, 422),
        ("POST", "/albums", b'{"id":"1","title":"t","artist":"a","price":1}', JSON, 409),
    ],
)
def test_error_is_json_of_one_shape(
    client: FlaskClient, method: str, path: str, body: bytes | None, headers: dict[str, str], status: int
) -> None:
    answer = client.open(path, method=method, data=body, headers=headers)
    assert answer.status_code == status, answer.data
    assert answer.mimetype == "application/json"
    assert set(answer.json) == {"message"}
    assert answer.json["message"]
    assert client.get("/healthz").json["albums"] == 3, "a refusal changes nothing"


def test_method_not_allowed_names_the_methods(client: FlaskClient) -> None:
    assert {"GET", "POST"} <= set(client.delete("/albums").headers["Allow"].split(", "))


def test_server_timing_is_the_applications_own_time(client: FlaskClient) -> None:
    name, duration = client.get("/albums").headers["Server-Timing"].split(";")
    assert name == "app"
    assert 0 < float(duration.removeprefix("dur=")) < 10_000


def test_requests_are_counted_health_checks_are_not(client: FlaskClient) -> None:
    for path in ("/albums", "/albums/1", "/nothing", "/healthz"):
        client.get(path)
    assert client.application.extensions["timing"].answered() == 3
