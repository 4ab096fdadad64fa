"""`loadstone init`: every suite that it writes loads, nothing is overwritten, nothing of the user's is run."""

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from loadstone.suite.load import load_suite
from loadstone.suite.model import Suite
from server.openapi import DOCUMENT
from tests.support.commandline import loadstone

USERS = """\
import locust
from locust import HttpUser, LoadTestShape, events, task
raise SystemExit("this file must not be run")

class Base(HttpUser):
    abstract = True

class Web(Base):
    @task
    def index(self): self.client.get("/")

class Admin(locust.FastHttpUser):
    weight = 2

def make():
    class Hidden(HttpUser):
        pass

class Peak(LoadTestShape):
    def tick(self): return None

@events.init_command_line_parser.add_listener
def _(parser): parser.add_argument("--api-version", required=True)
"""
OPTIONS = {
    "nothing": (),
    "url": ("--url", "http://127.0.0.1:8080"),
    "https": ("--url", "https://localhost:8443/base/"),
    "remote": ("--url", "https://api.example.com"),
    "locustfile": ("--locustfile", "users.py"),
    "locustfile and url": ("--locustfile", "users.py", "--url", "http://127.0.0.1:8080"),
    "locustfile and remote": ("--locustfile", "users.py", "--url", "http://192.0.2.1"),
    "description": ("--openapi", "api.json"),
    "description and url": ("--openapi", "api.json", "--url", "http://[::1]:8080/v1"),
    "description and remote": ("--openapi", "api.json", "--url", "https://api.example.com/v1"),
}
REMOTE = {name for name, options in OPTIONS.items() if "remote" in name}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "users.py").write_text(USERS, encoding="utf-8")
    (tmp_path / "api.json").write_text(json.dumps(DOCUMENT), encoding="utf-8")
    return tmp_path


def load(folder: Path) -> Suite:
    return load_suite(folder / "loadstone.yaml")


@pytest.mark.parametrize("name", OPTIONS)
def test_every_suite_loads(name: str, folder: Path) -> None:
    answer = loadstone("init", *OPTIONS[name], cwd=folder)
    assert answer.returncode == 0, answer.stderr
    assert load(folder).experiments
    assert "Wrote " in answer.stdout
    assert answer.stdout.splitlines()[-1].startswith("Next: ")
    assert len(answer.stderr.splitlines()) == (name in REMOTE), "a line of warning"
    server = YAML(typ="safe").load((folder / "loadstone.yaml").read_text("utf-8"))["defaults"]["server"]
    assert server.get("allow_remote", False) == (name in REMOTE)


@pytest.mark.parametrize("name", OPTIONS)
def test_every_variant_in_a_comment_loads(name: str, folder: Path) -> None:
    """Each block of comments that is YAML replaces what it is an alternative to."""
    loadstone("init", *OPTIONS[name], cwd=folder)
    path = folder / "loadstone.yaml"
    text = path.read_text("utf-8")
    whole = YAML(typ="safe").load(text)
    (folder / "locustfile.py").touch()
    variants = commented_out(text)
    assert any("server" in variant for variant in variants)
    for variant in variants:
        changed = json.loads(json.dumps(whole))
        for key, value in variant.items():
            if key in ("capacity", "hypotheses"):
                changed[key] = value
            elif key == "server":
                changed["defaults"][key] = value
            else:
                load_of = changed["defaults"]["load"]
                for other in ("mix", "requests", "locustfile"):
                    load_of.pop(other, None)
                load_of[key] = value
        with path.open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump(changed, file)
        load(folder)


@pytest.mark.parametrize("name", OPTIONS)
def test_the_gate_in_a_comment_can_be_decided(name: str, folder: Path) -> None:
    """A single run has no interval, so that a hypothesis about it is always inconclusive."""
    loadstone("init", *OPTIONS[name], cwd=folder)
    [hypotheses] = [
        variant["hypotheses"]
        for variant in commented_out((folder / "loadstone.yaml").read_text("utf-8"))
        if "hypotheses" in variant
    ]
    experiments = load(folder).experiments
    compared = [test["compare"][side] for test in hypotheses.values() for side in ("of", "to")]
    assert min(experiments[each].repeats.min for each in compared) >= 2


def commented_out(text: str) -> list[dict[str, Any]]:
    """Read the comments that hold YAML: indented by three spaces or more after the #."""
    blocks = re.findall(r"(?:^ *#   .*\n)+", text, re.MULTILINE)
    found = []
    for block in blocks:
        lines = [re.sub(r"^ *#   ", "", line) for line in block.splitlines()]
        content = YAML(typ="safe").load("\n".join(lines))
        found += [{key: value} for key, value in content.items()] if isinstance(content, dict) else []
    return found


def test_users_are_named_without_running_the_file(folder: Path) -> None:
    answer = loadstone("init", "--locustfile", "users.py", cwd=folder)
    assert "User classes in the file: Web, Admin; add those that it imports to classes." in answer.stdout
    text = (folder / "loadstone.yaml").read_text("utf-8")
    assert "\n    classes: [Web, Admin]" in text
    assert load(folder).experiments["ten-users"].load.classes == {"Web": None, "Admin": None}
    assert "shape: ignore" in text
    assert "api-version" in text


@pytest.mark.parametrize("existing", ["loadstone.yaml", "locustfile.py"])
def test_nothing_is_overwritten(existing: str, folder: Path) -> None:
    (folder / existing).write_text("mine", encoding="utf-8")
    before = sorted(folder.iterdir())
    answer = loadstone("init", "--openapi", "api.json", cwd=folder)
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert existing in answer.stderr
    assert (folder / existing).read_text("utf-8") == "mine"
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "content", "complaint"),
    [
        (("--url", "ftp://x"), "", "--url: 'ftp://x' is not allowed"),
        (("--url", "http://me:secret@127.0.0.1"), "", "user name or password"),
        (("--url", "http://127.0.0.1:{port}"), "", "{port} is for servers that a command starts"),
        (("--locustfile", "none.py"), "", "none.py: no such locustfile"),
        (("--locustfile", "given"), "class (", "given: not Python: "),
        (("--openapi", "none.yaml"), "", "none.yaml: no such description"),
        (("--openapi", "given"), "{", "given: not JSON: "),
        (("--openapi", "given"), "a: [", "given: not YAML: "),
        (("--openapi", "given"), "[]", "is not a description"),
        (("--openapi", "given"), "swagger: '2.0'", "swagger: '2.0' is not supported"),
        (("--openapi", "given"), "openapi: 3.1.0", "no operation is described"),
        (("--openapi", "api.json", "--locustfile", "users.py"), "", "--locustfile cannot be given too"),
    ],
)
def test_a_mistake_is_one_line(options: tuple[str, ...], content: str, complaint: str, folder: Path) -> None:
    (folder / "given").write_text(content, encoding="utf-8")
    before = sorted(folder.iterdir())
    answer = loadstone("init", *options, cwd=folder)
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert complaint in answer.stderr
    assert "secret" not in answer.stderr
    assert sorted(folder.iterdir()) == before


@pytest.fixture
def tasks_of(tmp_path: Path) -> Callable[[dict[str, Any]], str]:
    """Write the locustfile of a description's paths."""

    def write(description: dict[str, Any]) -> str:
        whole = {"openapi": "3.0.3", "info": {"title": 'A """title""" \\'}, **description}
        (tmp_path / "api.json").write_text(json.dumps(whole), encoding="utf-8")
        answer = loadstone("init", "--openapi", "api.json", cwd=tmp_path)
        assert answer.returncode == 0, answer.stderr
        text = (tmp_path / "locustfile.py").read_text("utf-8")
        ast.parse(text)
        return text

    return write


def test_requests_have_the_examples_of_the_description(tasks_of: Callable[[dict[str, Any]], str]) -> None:
    item = {
        "type": "object",
        "required": ["name", "count", "kind", "day", "part"],
        "properties": {
            "name": {"type": "string", "example": "a 'name'"},
            "count": {"type": "integer", "minimum": 5},
            "kind": {"enum": ["new", "old"]},
            "day": {"type": "string", "format": "date"},
            "part": {"$ref": "#/components/schemas/Item"},
            "other": {"type": "string"},
        },
    }
    text = tasks_of(
        {
            "components": {"schemas": {"Item": item}},
            "servers": [{"url": "https://example.com/v2/"}],
            "paths": {
                "/items/{id}": {
                    "parameters": [{"name": "id", "in": "path", "required": True, "example": "a b"}],
                    "get": {"operationId": "getItem"},
                },
                "/items": {
                    "get": {
                        "operationId": "start",
                        "parameters": [
                            {
                                "name": "limit",
                                "in": "query",
                                "required": True,
                                "schema": {"maximum": -1, "type": "number"},
                            },
                            {"name": "all", "in": "query", "schema": {"type": "boolean"}},
                        ],
                    },
                    "post": {
                        "requestBody": {
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}
                        }
                    },
                },
            },
        }
    )
    assert "self.client.get('/v2/items/a%20b', name='/v2/items/{id}')" in text
    assert "self.client.get('/v2/items', params={'limit': -1})" in text
    assert "def get_start(self)" in text, "start is a method of Locust's"
    assert "def post_items(self)" in text
    assert "'count': 5" in text
    assert "'kind': 'new'" in text
    assert "'day': '2026-01-31'" in text
    assert "'other'" not in text
    assert "TODO: {id}" not in text


def test_what_is_not_known_is_a_todo(tasks_of: Callable[[dict[str, Any]], str]) -> None:
    text = tasks_of(
        {
            "security": [{"key": []}],
            "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
            "paths": {
                "/a/{b}": {"delete": {"parameters": [{"name": "b", "in": "path", "schema": {"type": "string"}}]}},
                "/c": {"put": {"requestBody": {"content": {"image/png": {}}}}},
                "/d": {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "x.json#/y"}}}}}},
            },
        }
    )
    for note in (
        "this needs authorisation",
        "{b}: no example in the description; use a value that exists",
        "this deletes",
        "the body is image/png: write it by hand",
        "x.json#/y is in another document",
        "key (apiKey header X-Key)",
    ):
        assert note in text


HOSTILE = "'''\"\"\"\n{{ 7 * 7 }} {% raw %} \\ \x1b[31m #{}"


def test_hostile_text_stays_text(tasks_of: Callable[[dict[str, Any]], str]) -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    schema["properties"][HOSTILE] = {"$ref": "#/components/schemas/Loop"}
    text = tasks_of(
        {
            "info": {"title": HOSTILE},
            "components": {"schemas": {"Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]}, "Deep": schema}},
            "paths": {
                f"/{HOSTILE}": {
                    "get": {"operationId": HOSTILE},
                    "post": {
                        "operationId": HOSTILE,
                        "requestBody": {"content": {HOSTILE: {"schema": {"$ref": "#/components/schemas/Deep"}}}},
                    },
                }
            },
        }
    )
    assert "\x1b" not in text
    names = [node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    assert len(names) == len(set(names)) == 2


def test_a_description_in_yaml_is_read(tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text("openapi: 3.1.0\npaths: {/health: {get: {}}}\n", encoding="utf-8")
    assert loadstone("init", "--openapi", "api.yaml", cwd=tmp_path).returncode == 0
    assert "self.client.get('/health')" in (tmp_path / "locustfile.py").read_text("utf-8")


def test_ids_of_posted_bodies_are_new_in_each_request(tasks_of: Callable[[dict[str, Any]], str]) -> None:
    """A service may refuse an id that it has; a value that the description fixes or restricts stays."""
    text = {"type": "string"}
    uuid = {"type": "string", "format": "uuid"}
    bodies: dict[str, dict[str, Any]] = {
        "plain": {"id": text, "name": text},
        "by-example": {"id": {**text, "example": "a1"}},
        "uuids": {"id": uuid, "order": uuid, "owner": {**uuid, "example": "11111111-1111-4111-8111-111111111111"}},
        "short": {"id": {**text, "maxLength": 12, "pattern": "^[a-z0-9-]+$"}},
        "number": {"id": {"type": "integer"}},
        "fixed": {"id": {**text, "enum": ["one"]}},
        "restricted": {"id": {**text, "pattern": "^(a+)+$"}},
        "inner": {"owner": {"type": "object", "required": ["id"], "properties": {"id": text}}},
    }
    schemas = {
        name: {"type": "object", "required": list(properties), "properties": properties}
        for name, properties in bodies.items()
    }
    schemas["whole"] = {**schemas["plain"], "example": {"id": "a1", "name": "b"}}
    schemas["parts"] = {"allOf": [schemas["plain"], schemas["uuids"]], "example": {"id": "a1", "name": "b"}}
    content = {name: {"content": {"application/json": {"schema": schema}}} for name, schema in schemas.items()}
    content["shown"] = {"content": {"application/json": {"schema": schemas["plain"], "example": {"id": "a1"}}}}
    requests = {f"/{name}": {"post": {"requestBody": body}} for name, body in content.items()}
    requests["/plain"]["put"] = requests["/plain"]["post"]
    written = tasks_of({"paths": requests})
    posted, put = bodies_of(written, "post"), bodies_of(written, "put")
    assert posted == {
        "/plain": "{'id': uuid4().hex, 'name': 'text'}",
        "/by-example": "{'id': uuid4().hex}",
        "/uuids": "{'id': str(uuid4()), 'order': str(uuid4()), 'owner': '11111111-1111-4111-8111-111111111111'}",
        "/short": "{'id': uuid4().hex[:12]}",
        "/number": "{'id': 1}",
        "/fixed": "{'id': 'one'}",
        "/restricted": "{'id': 'text'}",
        "/inner": "{'owner': {'id': 'text'}}",
        "/whole": "{'id': uuid4().hex, 'name': 'b'}",
        "/parts": "{'id': str(uuid4()), 'name': 'b'}",
        "/shown": "{'id': uuid4().hex}",
    }
    assert put == {"/plain": "{'id': 'text', 'name': 'text'}"}
    assert "from uuid import uuid4\n\nfrom locust" in written
    assert "# TODO: apart from id, each request has the same values" in written


def bodies_of(written: str, method: str) -> dict[str, str]:
    """Find the bodies in a locustfile: path → Python expression."""
    calls = [node for node in ast.walk(ast.parse(written)) if isinstance(node, ast.Call) and node.keywords]
    return {
        ast.literal_eval(call.args[0]): ast.unparse(call.keywords[0].value)
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == method
    }
