"""Example values for the schemas of an OpenAPI description: its own examples, or the simplest value that fits.

A description can refer to itself, and it can be of any size, so that depth, references and lengths are bounded.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

MAX_DEPTH = 8
"""Levels of a value."""
MAX_REFERENCES = 20
"""References that are followed from one place to the next."""
MAX_PROPERTIES = 40
"""Members of an object."""
MAX_ITEMS = 10
"""Items of a list."""
MAX_TEXT = 200
"""Characters of a text that only has to be long enough."""
HEX_LENGTH = 32
"""Characters of a UUID in hexadecimal digits."""
ONE_CLASS = re.compile(r"\^?\[(?!.*(?:--|&&|~~|\|\|))[^\[\]]+\](?:[+*]|\{\d+,\d*\})?\$?")
"""Patterns that are one class of characters: only these are tried, because others could take for ever."""

FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "email": "user@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "12:00:00Z",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "byte": "AA==",
}
"""Values for formats of text; addresses and names are those reserved for documentation."""


@dataclass(frozen=True, slots=True)
class NewValue:
    """A value that is new in each request: it is written as a Python expression."""

    expression: str

    def __repr__(self) -> str:
        """Write the expression, so that `pprint` writes it into a call."""
        return self.expression


@dataclass(slots=True)
class Examples:
    """Finds example values in a document, and notes what the document does not state."""

    document: Mapping[str, Any]
    new_in: str | None = None
    """Name of the object whose ids are new in each request: a service may refuse one that it has already."""
    new: list[str] = field(default_factory=list)
    """Properties whose values are new in each request."""
    unknown: list[str] = field(default_factory=list)
    """Values that are guesses, each as a clause."""

    def resolve(self, node: Any) -> dict[str, Any]:
        """Follow local references. Return the mapping that they lead to; empty if they lead to none."""
        for _ in range(MAX_REFERENCES):
            if not isinstance(node, dict):
                return {}
            target = node.get("$ref")
            if not isinstance(target, str):
                return node
            node = self._find(target)
        return {}

    def _find(self, reference: str) -> Any:
        """Find what a reference in this document points to; None if it is in another document or nowhere."""
        if not reference.startswith("#/"):
            self.unknown.append(f"{reference} is in another document")
            return None
        node: Any = self.document
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            node = node.get(key) if isinstance(node, dict) else None
        return node

    def of(self, schema: Any, name: str, depth: int = 0) -> Any:
        """Return an example value of a schema. `name` is what a note calls it."""
        schema = self.resolve(schema)
        for value in _given(schema):
            return self.renew(value, schema, name)
        if depth >= MAX_DEPTH:
            return None
        if parts := schema.get("allOf"):
            return self.of(self._merge(schema, parts), name, depth + 1)
        for key in ("oneOf", "anyOf"):
            if choices := [part for part in _list(schema.get(key)) if self.resolve(part).get("type") != "null"]:
                return self.of(choices[0], name, depth + 1)
        return self._by_type(schema, name, depth)

    def renew(self, value: Any, schema: Any, name: str) -> Any:
        """Put new ids in place of those of an example, if it is one of the object whose ids are new."""
        if name != self.new_in or not isinstance(value, dict):
            return value
        schema = self.resolve(schema)
        properties = _mapping(self._merge(schema, schema.get("allOf")).get("properties"))
        return {key: self._new(key, properties.get(key), example=each) or each for key, each in value.items()}

    def _new(self, key: str, schema: Any, *, example: Any = None) -> NewValue | None:
        """Make a value that is new in each request for an id that is text, or a UUID without an example."""
        schema = self.resolve(schema)
        form = schema.get("format")
        example = next(_given(schema), example)
        if schema.get("type") != "string" or form not in (None, "uuid") or "const" in schema or "enum" in schema:
            return None
        if key != "id" and (form != "uuid" or example is not None):
            return None
        if form == "uuid":
            self.new.append(key)
            return NewValue("str(uuid4())")
        longest = _whole(schema.get("maxLength"), HEX_LENGTH)
        if longest < 1 or _whole(schema.get("minLength"), 0) > HEX_LENGTH:
            return None
        if "pattern" in schema and not _allows_hex(schema["pattern"], min(longest, HEX_LENGTH)):
            return None
        self.new.append(key)
        return NewValue("uuid4().hex" if longest >= HEX_LENGTH else f"uuid4().hex[:{longest}]")

    def _merge(self, schema: Mapping[str, Any], parts: Any) -> dict[str, Any]:
        merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
        properties = dict(_mapping(merged.get("properties")))
        required = list(_list(merged.get("required")))
        for part in map(self.resolve, _list(parts)):
            properties |= _mapping(part.get("properties"))
            required += _list(part.get("required"))
            merged = {**part, **merged}
        return {**merged, **({"properties": properties, "required": required} if properties else {})}

    def _by_type(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), None)
        if kind == "object" or (kind is None and "properties" in schema):
            return self._object(schema, name, depth)
        if kind == "array" or (kind is None and "items" in schema):
            number = min(max(1, _whole(schema.get("minItems"), 1)), MAX_ITEMS)
            return [self.of(schema.get("items"), name, depth + 1)] * number
        if kind in ("integer", "number"):
            return _number(schema, whole=kind == "integer")
        if kind == "boolean":
            return True
        if kind != "string":
            self.unknown.append(f"the description does not state what {name} is")
        return self._text(schema, name)

    def _object(self, schema: Mapping[str, Any], name: str, depth: int) -> dict[str, Any]:
        """Make an object of its required properties; of all of them if none is required."""
        properties = _mapping(schema.get("properties"))
        required = [key for key in _list(schema.get("required")) if isinstance(key, str)]
        wanted = required or [key for key in properties if self.resolve(properties[key]).get("readOnly") is not True]
        return {
            str(key): (self._new(str(key), properties.get(key)) if name == self.new_in else None)
            or self.of(properties.get(key, {}), f"{name}.{key}", depth + 1)
            for key in wanted[:MAX_PROPERTIES]
        }

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        kind = schema.get("format")
        if isinstance(kind, str) and kind in FORMATS:
            return FORMATS[kind]
        if isinstance(schema.get("pattern"), str):
            self.unknown.append(f"{name} has to match {schema['pattern']}")
        shortest = _whole(schema.get("minLength"), 0)
        longest = _whole(schema.get("maxLength"), MAX_TEXT)
        return "text".ljust(min(shortest, MAX_TEXT), "x")[: max(longest, 0)]


def _allows_hex(pattern: Any, length: int) -> bool:
    """Return whether a pattern certainly allows hexadecimal digits: if it is one class that has all of them."""
    if not isinstance(pattern, str) or len(pattern) > MAX_TEXT or not ONE_CLASS.fullmatch(pattern):
        return False
    try:
        return all(re.search(pattern, digit * length) for digit in "0123456789abcdef")
    except (re.error, OverflowError):
        return False


def _given(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the values that a schema itself offers, the best first."""
    if "example" in schema:
        yield schema["example"]
    yield from _list(schema.get("examples"))[:1]
    for key in ("const", "default"):
        if key in schema:
            yield schema[key]
    yield from (value for value in _list(schema.get("enum")) if value is not None)


def _number(schema: Mapping[str, Any], *, whole: bool) -> int | float:
    """Return the number closest to 1 that the bounds allow."""
    low, high = _bound(schema, "minimum", "exclusiveMinimum", 1), _bound(schema, "maximum", "exclusiveMaximum", -1)
    value = 1.0
    if low is not None:
        value = max(value, low)
    if high is not None:
        value = min(value, high)
    step = schema.get("multipleOf")
    if _is_number(step) and step > 0:
        value = step * -(-value // step)
    return int(value) if whole or value == int(value) else value


def _bound(schema: Mapping[str, Any], key: str, exclusive_key: str, inwards: int) -> float | None:
    """Read a bound; an exclusive one (a number in OpenAPI 3.1, true in 3.0) is moved inwards by 1."""
    bound, exclusive = schema.get(key), schema.get(exclusive_key)
    if _is_number(exclusive):
        return float(exclusive) + inwards
    if not _is_number(bound):
        return None
    return float(bound) + (inwards if exclusive is True else 0)


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _whole(value: Any, default: int) -> int:
    return int(value) if _is_number(value) else default


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
