"""Read a YAML file as plain data of bounded size: a few hundred bytes of YAML can stand for gigabytes.

Mappings, lists and scalars as in YAML 1.2, aliases and merge keys included. All bounds are checked on what was parsed,
before any of it is built.
"""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from loadstone.errors import SuiteError
from loadstone.text import short

MAX_BYTES = 256 * 1024
"""A thousand experiments, each with a line or two of its own, take 100 KiB."""
MAX_CHARACTERS = 2_000_000
"""Of all scalars once aliases are written out, one more for each node."""
DEEPEST = 20
"""Mappings and lists inside each other; a suite has six."""
MAX_DIGITS = 1000
"""Characters of one number."""
NUMBERS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})


class _Excess(Exception):
    """The file stands for more than it may."""


class _Measure:
    """How much a parsed file stands for. Nodes are looked at once, however often they are referred to."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def check(self, node: Node, depth: int = 0) -> tuple[int, int]:
        """Return the characters below `node` and how deep it is. Raises `_Excess`."""
        if id(node) in self._open:
            raise _Excess(f"{_line(node)}: an alias refers to what it is a part of; allowed: values that end")
        characters, height = self._known.get(id(node)) or self._look_at(node, depth)
        if depth + height > DEEPEST:
            raise _Excess(f"{_line(node)}: nested more than {DEEPEST} deep")
        if characters > MAX_CHARACTERS:
            raise _Excess(f"{_line(node)}: stands for more than {MAX_CHARACTERS:,} characters")
        return characters, height

    def _look_at(self, node: Node, depth: int) -> tuple[int, int]:
        if depth > DEEPEST:
            raise _Excess(f"{_line(node)}: nested more than {DEEPEST} deep")
        self._open.add(id(node))
        characters, height = 1, 0
        for child in _children(node):
            more, below = self.check(child, depth + 1)
            characters, height = characters + more, max(height, below + 1)
        if isinstance(node, ScalarNode):
            characters += len(node.value)
            if node.tag in NUMBERS and len(node.value) > MAX_DIGITS:
                raise _Excess(f"{_line(node)}: a number of {len(node.value):,} characters")
        self._open.remove(id(node))
        self._known[id(node)] = characters, height
        return characters, height


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _line(node: Node) -> str:
    return f"line {node.start_mark.line + 1}"


class _BoundedConstructor(SafeConstructor):
    def construct_document(self, node: Node) -> Any:
        _Measure().check(node)
        return super().construct_document(node)


def read_yaml(path: Path) -> Any:
    """Read the one document in `path`. Raises `SuiteError` with one line that says where it can't be used."""
    text = _read(path)
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _BoundedConstructor
    try:
        return yaml.load(text)
    except _Excess as error:
        raise SuiteError(f"{path}: {error}") from None
    except DuplicateKeyError as error:
        problem = str(error.problem).splitlines()[0]
        raise SuiteError(f"{path}: {problem} at line {error.problem_mark.line + 1}: each name may stand once") from None
    except MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SuiteError(f"{path}: not YAML: {error.problem or error.context}{line}") from None
    except RecursionError:
        raise SuiteError(f"{path}: not YAML: nested too deep") from None
    except (YAMLError, ValueError) as error:
        raise SuiteError(f"{path}: not YAML: {short(str(error))}") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError):  # ruamel.yaml's own, for such as `!!int ""`
        raise SuiteError(f"{path}: not YAML: a value that doesn't fit the tag before it") from None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise SuiteError(f"{path}: too large for a suite; allowed: at most {MAX_BYTES // 1024} KiB")
        return content.decode("utf-8")
    except FileNotFoundError:
        raise SuiteError(f"{path}: no such suite") from None
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or no path
        raise SuiteError(f"{path}: can't be read: {error}") from None
