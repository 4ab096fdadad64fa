"""Read an OpenAPI 3 description as the requests that users could send."""

import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from loadstone.errors import SuiteError
from loadstone.init.examples import Examples
from loadstone.suite.bounded_yaml import FileKind, read_bounded, read_yaml
from loadstone.text import printable, short

DESCRIPTION = FileKind("description in YAML", 1024 * 1024, 60)
JSON_DESCRIPTION = FileKind("description", 16 * 1024 * 1024, 0)
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
MAX_OPERATIONS = 200
MAX_NOTE = 100
"""Characters of a note."""
BODY = "the body"
"""What notes call it."""
FORM = "application/x-www-form-urlencoded"
TAKEN = frozenset(
    (
        *("abstract", "client", "client_pool", "context", "default_headers", "environment", "fixed_count", "full_name"),
        *("fullname", "greenlet", "group", "host", "insecure", "max_redirects", "max_retries", "network_timeout"),
        *("on_start", "on_stop", "proxies", "rest", "run", "start", "stop", "tasks", "wait", "wait_function"),
        *("wait_time", "weight"),
    )
)
"""Names that Locust's own User classes use."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A request that the description names."""

    method: str
    """In lower case."""
    path: str
    """With example values in place of parameters."""
    template: str
    """As the description writes it: the endpoint's name."""
    function: str
    """Name of the function that sends it."""
    arguments: dict[str, Any]
    """Keyword arguments of Locust's client: params, headers, json or data; a `NewValue` stands for an expression."""
    new: tuple[str, ...]
    """Parts of the body that are new in each request."""
    notes: tuple[str, ...]
    """What the description does not state, and so has to be checked."""


@dataclass(frozen=True, slots=True)
class Description:
    """The part of a description that matters here."""

    title: str
    server: str | None
    """The first server's URL, if it is complete."""
    base_path: str
    """The first server's path, without a slash at its end."""
    operations: tuple[Operation, ...]
    left_out: int
    """Operations beyond `MAX_OPERATIONS`."""
    security: tuple[str, ...]
    """Kinds of authorisation that the description names."""


def read_description(path: Path) -> Description:
    """Read a description in JSON or YAML. Raises `SuiteError` with one line that names the file and the mistake."""
    document = _read(path)
    version = document.get("openapi")
    if not isinstance(version, str) or not version.startswith("3."):
        given = f"swagger: {short(document['swagger'])}" if "swagger" in document else f"openapi: {short(version)}"
        raise SuiteError(f"{path}: {given} is not supported; allowed: a description in OpenAPI 3")
    paths = document.get("paths")
    found = list(_operations(document, paths if isinstance(paths, dict) else {}))
    if not found:
        raise SuiteError(f"{path}: paths: no operation is described; nothing can be requested")
    info = document.get("info")
    title = info.get("title") if isinstance(info, dict) else None
    server, base_path = _server(document)
    return Description(
        title=_line(title if isinstance(title, str) else path.name),
        server=server,
        base_path=base_path,
        operations=tuple(found[:MAX_OPERATIONS]),
        left_out=max(0, len(found) - MAX_OPERATIONS),
        security=tuple(_security(document)),
    )


def _read(path: Path) -> dict[str, Any]:
    text = read_bounded(path, JSON_DESCRIPTION)
    if text.lstrip().startswith("{"):
        try:
            document: object = orjson.loads(text)
        except ValueError as error:
            raise SuiteError(f"{path}: not JSON: {printable(str(error))}") from None
    else:
        document = read_yaml(path, DESCRIPTION)
    if not isinstance(document, dict):
        raise SuiteError(f"{path}: {short(document)} is not a description; allowed: OpenAPI 3 in JSON or YAML")
    return document


def _server(document: Mapping[str, Any]) -> tuple[str | None, str]:
    """Read the first server: its URL if that is complete, and its path."""
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else None
    url = first.get("url") if isinstance(first, dict) else None
    if not isinstance(url, str) or "{" in url:
        return None, ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None, ""
    base_path = parts.path.rstrip("/")
    if not re.fullmatch(r"[A-Za-z0-9._~/%-]*", base_path):
        return None, ""
    return (url if parts.scheme in ("http", "https") and parts.netloc else None), base_path


def _security(document: Mapping[str, Any]) -> Iterator[str]:
    components = document.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    for name, scheme in schemes.items() if isinstance(schemes, dict) else ():
        if isinstance(scheme, dict):
            kind = " ".join(str(scheme[key]) for key in ("type", "scheme", "in", "name") if key in scheme)
            yield _line(f"{name} ({kind})")


def _operations(document: Mapping[str, Any], paths: Mapping[str, Any]) -> Iterator[Operation]:
    used: set[str] = set()
    resolver = Examples(document)
    for template, listed in paths.items():
        if not isinstance(template, str) or not template.startswith("/"):
            continue
        item = resolver.resolve(listed)
        for method in METHODS:
            if isinstance(operation := item.get(method), dict):
                yield _Writer(document, method, template, operation, item).write(used)


@dataclass(slots=True)
class _Writer:
    """Writes one operation."""

    document: Mapping[str, Any]
    method: str
    template: str
    operation: Mapping[str, Any]
    item: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)
    new: tuple[str, ...] = ()
    """Parts of the body that are new in each request."""

    def write(self, used: set[str]) -> Operation:
        if self.operation.get("deprecated") is True:
            self.notes.append("the description calls this deprecated")
        if self.method == "delete":
            self.notes.append("this deletes: each request needs something that is still there")
        values = self._parameters()
        arguments: dict[str, Any] = {}
        if values["query"]:
            arguments["params"] = values["query"]
        headers = values["header"] | self._body(arguments)
        if self.method == "post":
            same = f"apart from {', '.join(self.new)}, each request" if self.new else "each request"
            self.notes.append(f"{same} has the same values; make them differ if the service wants new ones")
        if headers:
            arguments["headers"] = headers
        if self.operation.get("security", self.document.get("security")):
            self.notes.append("this needs authorisation")
        return Operation(
            method=self.method,
            path=self._path(values["path"]),
            template=_line(self.template),
            function=_function_name(self.operation.get("operationId"), self.method, self.template, used),
            arguments=arguments,
            new=self.new,
            notes=tuple(dict.fromkeys(_line(note) for note in self.notes)),
        )

    def _parameters(self) -> dict[str, dict[str, Any]]:
        """Return example values of path parameters, and of the others that are required, by place and name."""
        examples = Examples(self.document)
        values: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "cookie": {}}
        for each in [*_list(self.item.get("parameters")), *_list(self.operation.get("parameters"))]:
            parameter = examples.resolve(each)
            name, place = parameter.get("name"), parameter.get("in")
            if not isinstance(name, str) or place not in values:
                continue
            if place != "path" and parameter.get("required") is not True:
                continue
            value, known = self._parameter(parameter, examples)
            if place == "path" and not known:
                self.notes.append(f"{{{name}}}: no example in the description; use a value that exists")
            if place == "cookie":
                self.notes.append(f"this needs the cookie {name}")
            values[place][name] = str(value) if place == "header" else value
        self.notes += examples.unknown
        return values

    def _parameter(self, parameter: Mapping[str, Any], examples: Examples) -> tuple[Any, bool]:
        """Return an example value, and whether the description gives it."""
        if "example" in parameter:
            return parameter["example"], True
        for example in _mapping(parameter.get("examples")).values():
            if "value" in (shown := examples.resolve(example)):
                return shown["value"], True
        schema = examples.resolve(parameter.get("schema"))
        known = any(key in schema for key in ("example", "examples", "const", "default", "enum"))
        if not known and schema.get("type") == "string" and "format" not in schema and "pattern" not in schema:
            return "1", False
        return examples.of(schema, str(parameter.get("name"))), known

    def _path(self, values: Mapping[str, Any]) -> str:
        def value_of(match: re.Match[str]) -> str:
            if match[1] not in values:
                self.notes.append(f"{{{match[1]}}}: not described; use a value that exists")
            return quote(str(values.get(match[1], 1)), safe="")

        return re.sub(r"\{([^{}]*)\}", value_of, self.template)

    def _body(self, arguments: dict[str, Any]) -> dict[str, str]:
        """Add an example body to the arguments; return the headers that it needs."""
        examples = Examples(self.document, new_in=BODY if self.method == "post" else None)
        content = _mapping(examples.resolve(self.operation.get("requestBody")).get("content"))
        kind = next((kind for kind in content if "json" in str(kind)), next(iter(content), None))
        if kind is None:
            return {}
        media = _mapping(content[kind])
        value = media.get("example")
        for example in _mapping(media.get("examples")).values():
            value = examples.resolve(example).get("value") if value is None else value
        if value is None:
            value = examples.of(media.get("schema"), BODY)
        else:
            value = examples.renew(value, media.get("schema"), BODY)
        self.notes += examples.unknown
        self.new = tuple(dict.fromkeys(examples.new))
        if "json" in kind:
            arguments["json"] = value
            return {} if kind == "application/json" else {"Content-Type": str(kind)}
        if kind == FORM and isinstance(value, dict):
            arguments["data"] = value
            return {}
        self.new = ()
        self.notes.append(f"the body is {kind}: write it by hand")
        arguments["data"] = value if isinstance(value, str) else ""
        return {"Content-Type": str(kind)} if not str(kind).startswith("multipart/") else {}


def _function_name(operation_id: Any, method: str, template: str, used: set[str]) -> str:
    """Make a Python name of an operation that no other has."""
    text = operation_id if isinstance(operation_id, str) else f"{method}_{template}"
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    name = re.sub(r"[^a-z0-9]+", "_", snake.lower()).strip("_")[:60] or method
    if name in TAKEN or keyword.iskeyword(name) or not name.isidentifier():
        name = f"{method}_{name}"
    numbered = name
    number = 1
    while numbered in used:
        number += 1
        numbered = f"{name}_{number}"
    used.add(numbered)
    return numbered


def _line(text: str) -> str:
    """Write text of the description in one line of a comment."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= MAX_NOTE else line[: MAX_NOTE - 3] + "..."


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
