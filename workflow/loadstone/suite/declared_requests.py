"""Requests that a suite declares, so that simple cases need no Python: `{get: /health, weight: 3}`."""

import json
import math
import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, NamedTuple
from urllib.parse import quote_plus

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from loadstone.suite.templates import Drawn, Part, Place, Texts, join_texts, refusal, render, resolve, to_parts
from loadstone.suite.types import Model, SparseModel

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
MAX_BYTES = 96 * 1024
"""Length of all requests of a load: processes hand them on as one argument, and Linux allows 128 KiB for that."""
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""Name of a header (RFC 9110, section 5.6.2)."""
COMPUTED_HEADERS = ("content-length", "transfer-encoding")
"""Headers that follow from the body."""


def _check_text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("text; put a number in quotes")
    return value


def _check_data(value: object) -> object:
    texts = list(value.values()) if isinstance(value, dict) else [value]
    if value is not None and not all(isinstance(text, str) for text in texts):
        raise ValueError("text, or form fields as name: text; put a number in quotes")
    return value


class Example(NamedTuple):
    """A request with the first value of each range and the first text of each choice."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None


class DeclaredRequest(SparseModel):
    """A request that users send, given as one method with its path, such as {get: /health}.

    Paths, values of headers, and bodies may hold templates, such as ${1..1000} for a whole number and ${red|green} for
    a choice.
    """

    model_config = ConfigDict(**Model.model_config, serialize_by_alias=True)
    SPARSE: ClassVar[frozenset[str]] = frozenset({*METHODS, "name", "weight", "headers", "json_body", "data", "expect"})

    get: str | None = None
    """Path of a GET request."""
    post: str | None = None
    """Path of a POST request; likewise put, patch, delete, head and options."""
    put: str | None = None
    patch: str | None = None
    delete: str | None = None
    head: str | None = None
    options: str | None = None
    name: str | None = Field(default=None, min_length=1)
    """Name of the endpoint in results, after the method. Default: the path as written."""
    weight: int = Field(default=1, ge=1, le=1000)
    """How often it is sent, in proportion to the weights of the others."""
    headers: dict[str, Annotated[str, BeforeValidator(_check_text)]] = Field(default={})
    """Headers. Results show them."""
    json_body: JsonValue = Field(default=None, alias="json")
    """Body, sent as JSON. A text that is one template of a range becomes a number."""
    data: Annotated[str | dict[str, str] | None, BeforeValidator(_check_data)] = None
    """Body as text, or form fields."""
    expect: int | None = Field(default=None, ge=200, le=599)
    """Status of a success. Default: any below 400. Redirects are followed, unless it is 300 to 399."""

    @model_validator(mode="after")
    def _sendable(self) -> "DeclaredRequest":
        given = [method for method in METHODS if getattr(self, method) is not None]
        if len(given) != 1:
            raise ValueError(
                f"{' and '.join(given) or 'no method'} given; allowed: exactly one of {', '.join(METHODS)}"
            )
        if self.json_body is not None and self.data is not None:
            raise ValueError("json and data are both given; allowed: one of the two")
        if not _is_unicode(self.json_body):
            raise ValueError("json: holds half a character (a lone surrogate); allowed: whole ones")
        texts = resolve(self._texts())
        _check_path((given[0],), self.path, texts)
        _check_headers(self.headers, texts)
        return self

    @property
    def method(self) -> str:
        """HTTP method, in capitals."""
        return next(method for method in METHODS if getattr(self, method) is not None).upper()

    @property
    def path(self) -> str:
        """Path, with its templates."""
        value: Any = getattr(self, self.method.lower())
        return str(value)

    @property
    def endpoint(self) -> str:
        """Name of the endpoint in results, with its method."""
        name = self.name or self.path
        return name if name.startswith(f"{self.method} ") else f"{self.method} {name}"

    def __str__(self) -> str:
        weight = f" (weight {self.weight})" if self.weight > 1 else ""
        return self.endpoint + weight

    def prepare(self) -> dict[str, Any]:
        """Write the request as plain data that can be drawn from without reading templates.

        `draws` holds the bounds of each draw. `path`, `body` and each value of `headers` are lists of parts (see
        `loadstone.suite.templates.Part`).
        """
        texts = resolve(self._texts())
        headers = {name: to_parts(texts.pieces["headers", name]) for name in self.headers}
        body = self._body(texts)
        prepared: dict[str, Any] = {"method": self.method, "name": self.name or self.path, "weight": self.weight}
        prepared |= {"draws": [list(bounds) for bounds in texts.draws]}
        prepared |= {"path": to_parts(texts.pieces[self.method.lower(),])}
        if body is not None:
            kind, parts = body
            if all(name.lower() != "content-type" for name in headers):
                headers["Content-Type"] = [kind]
            prepared["body"] = join_texts(parts)
        return prepared | {"headers": headers, "expect": self.expect}

    def example(self) -> Example:
        """Write one request: with the first value of each range, and the first text of each choice."""
        prepared = self.prepare()
        values = [low for low, _ in prepared["draws"]]
        return Example(
            method=self.method,
            path=render(prepared["path"], values),
            headers={name: render(parts, values) for name, parts in prepared["headers"].items()},
            body=render(prepared["body"], values).encode() if "body" in prepared else None,
        )

    def _texts(self) -> Iterator[tuple[Place, str]]:
        """Yield every text that may hold templates, with its place."""
        yield (self.method.lower(),), self.path
        for name, value in self.headers.items():
            yield ("headers", name), value
        yield from _texts_within(("json",), self.json_body)
        yield from _texts_within(("data",), self.data)

    def _body(self, texts: Texts) -> tuple[str, Sequence[Part]] | None:
        """Return the body's type and its parts."""
        if self.json_body is not None:
            return "application/json", list(_json_parts(("json",), self.json_body, texts))
        if isinstance(self.data, dict):
            return "application/x-www-form-urlencoded", list(_form_parts(self.data, texts))
        if self.data is not None:
            return "text/plain; charset=utf-8", to_parts(texts.pieces["data",])
        return None


def prepare_requests(requests: Sequence[DeclaredRequest]) -> str:
    """Write requests as the JSON that `locustfiles/declared.py` takes with its option `--requests`."""
    return json.dumps([request.prepare() for request in requests], separators=(",", ":"))


def check_length(requests: tuple[DeclaredRequest, ...]) -> tuple[DeclaredRequest, ...]:
    """Raise ValueError if requests are too long to be handed from process to process; otherwise return them."""
    declared = "".join(request.model_dump_json() for request in requests)
    length = max(len(prepare_requests(requests)), len(shlex.quote(declared).encode()))
    if length > MAX_BYTES:
        raise ValueError(
            f"at most {MAX_BYTES // 1024} KiB for all requests together, and these take {math.ceil(length / 1024)}; "
            "a locustfile can send longer bodies"
        )
    return requests


def _texts_within(place: Place, value: object) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts_within((*place, key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts_within((*place, str(index)), inner)


def _json_parts(place: Place, value: JsonValue, texts: Texts) -> Iterator[Part]:
    if isinstance(value, str):
        yield from _json_text(texts.pieces[place])
    elif isinstance(value, dict):
        before = "{"
        for key, inner in value.items():
            yield f"{before}{_quoted(key)}:"
            yield from _json_parts((*place, key), inner, texts)
            before = ","
        yield "}" if value else "{}"
    elif isinstance(value, list):
        before = "["
        for index, inner in enumerate(value):
            yield before
            yield from _json_parts((*place, str(index)), inner, texts)
            before = ","
        yield "]" if value else "[]"
    else:
        yield json.dumps(value)


def _json_text(pieces: Sequence[str | Drawn]) -> list[Part]:
    if len(pieces) == 1 and isinstance(pieces[0], Drawn) and pieces[0].options is None:
        return to_parts(pieces)  # a number stays a number
    return ['"', *to_parts(pieces, lambda text: _quoted(text)[1:-1]), '"']


def _quoted(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is_unicode(value: JsonValue) -> bool:
    try:
        _quoted(value).encode()
    except UnicodeEncodeError:
        return False
    return True


def _form_parts(fields: dict[str, str], texts: Texts) -> Iterator[Part]:
    for position, name in enumerate(fields):
        yield f"{'&' if position else ''}{quote_plus(name)}="
        yield from to_parts(texts.pieces["data", name], quote_plus)


def _check_path(place: Place, path: str, texts: Texts) -> None:
    """Raise ValueError for a path that leads to another host, or that a client would change in silence."""
    pieces = texts.pieces[place]
    first = pieces[0] if pieces else ""
    if not isinstance(first, str) or not first.startswith("/"):
        raise ValueError(refusal(place, path, "a path on the server, which begins with /, such as /orders; "
                                              "the server's address is the key server.url"))  # fmt: skip
    if any(character in "# " or not character.isprintable() for text in _literals(pieces) for character in text):
        raise ValueError(refusal(place, path, "a path without blanks and #; write %20 and %23"))


def _check_headers(headers: dict[str, str], texts: Texts) -> None:
    seen: set[str] = set()
    for name, value in headers.items():
        place = ("headers", name)
        pieces = texts.pieces[place]
        if not TOKEN.fullmatch(name) or name.lower() in COMPUTED_HEADERS:
            raise ValueError(refusal(("headers",), name, "the name of a header, such as Accept; Content-Length and "
                                                         "Transfer-Encoding follow from the body"))  # fmt: skip
        if name.lower() in seen:
            raise ValueError(refusal(("headers",), name, "each header once; their names differ in more than case"))
        seen.add(name.lower())
        edges = [text for piece in (*pieces[:1], *pieces[-1:]) for text in _literals([piece])]
        plain = all(text.isascii() and text.isprintable() for text in _literals(pieces))
        if not plain or any(text != text.strip() for text in edges):
            raise ValueError(refusal(place, value, "printable ASCII characters, without a blank at either end"))


def _literals(pieces: Sequence[str | Drawn]) -> list[str]:
    """List the texts that a text is made of, the numbers apart."""
    return [text for piece in pieces for text in ([piece] if isinstance(piece, str) else (piece.options or ()))]
