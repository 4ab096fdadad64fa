"""Read a YAML file as plain data of bounded size: a few hundred bytes of YAML can expand to gigabytes.

Mappings, lists and scalars are read as in YAML 1.2, with aliases and merge keys. All bounds are checked on the parsed
nodes, before any value is built.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from loadstone.errors import SuiteError
from loadstone.text import short

MAX_CHARACTERS = 2_000_000
"""Characters of all scalars after aliases are expanded, plus one per node."""
MAX_DIGITS = 1000
"""Characters of one number."""
NUMBER_TAGS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file is called in messages, and its bounds."""

    noun: str
    max_bytes: int
    max_depth: int
    """Levels of mappings and lists."""


SUITE = FileKind("suite", 256 * 1024, 20)
"""A thousand experiments of one or two lines each take 100 KiB. A suite has six levels."""


class _BoundExceeded(Exception):
    """The file exceeds a bound; the message says where and which."""


class _SizeCheck:
    """Measures what a parsed file expands to. Each node is visited once, however many aliases refer to it."""

    def __init__(self, max_depth: int) -> None:
        self._max_depth = max_depth
        self._sizes: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def check(self, node: Node, depth: int = 0) -> tuple[int, int]:
        """Return the characters below `node` and its height in levels. Raises `_BoundExceeded`."""
        if id(node) in self._open:
            raise _BoundExceeded(
                f"{_line(node)}: an alias refers to a value that contains it; allowed: aliases of other values"
            )
        characters, height = self._sizes.get(id(node)) or self._visit(node, depth)
        if depth + height > self._max_depth:
            raise _too_deep(node, self._max_depth)
        if characters > MAX_CHARACTERS:
            raise _BoundExceeded(f"{_line(node)}: expands to too much; allowed: at most {MAX_CHARACTERS:,} characters")
        return characters, height

    def _visit(self, node: Node, depth: int) -> tuple[int, int]:
        if depth > self._max_depth:
            raise _too_deep(node, self._max_depth)
        self._open.add(id(node))
        characters, height = 1, 0
        for child in _children(node):
            more, below = self.check(child, depth + 1)
            characters, height = characters + more, max(height, below + 1)
        if isinstance(node, ScalarNode):
            characters += len(node.value)
            if node.tag in NUMBER_TAGS and len(node.value) > MAX_DIGITS:
                raise _BoundExceeded(
                    f"{_line(node)}: a number of {len(node.value):,} characters; allowed: at most {MAX_DIGITS:,}"
                )
        self._open.remove(id(node))
        self._sizes[id(node)] = characters, height
        return characters, height


def _too_deep(node: Node, max_depth: int) -> _BoundExceeded:
    return _BoundExceeded(f"{_line(node)}: nested too deeply; allowed: at most {max_depth} levels")


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _line(node: Node) -> str:
    return f"line {node.start_mark.line + 1}"


class _BoundedConstructor(SafeConstructor):
    max_depth = SUITE.max_depth

    def construct_document(self, node: Node) -> Any:
        _SizeCheck(self.max_depth).check(node)
        return super().construct_document(node)


def read_yaml(path: Path, kind: FileKind = SUITE) -> Any:
    """Read the single document in `path`. Raises `SuiteError` with one line that names the file and the mistake."""
    text = read_bounded(path, kind)
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = type("Constructor", (_BoundedConstructor,), {"max_depth": kind.max_depth})
    try:
        return yaml.load(text)
    except _BoundExceeded as error:
        raise SuiteError(f"{path}: {error}") from None
    except DuplicateKeyError as error:
        problem = str(error.problem).splitlines()[0]
        line = error.problem_mark.line + 1
        raise SuiteError(f"{path}: {problem} at line {line}; allowed: each key once in a mapping") from None
    except MarkedYAMLError as error:
        place = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SuiteError(f"{path}: not YAML: {error.problem or error.context}{place}") from None
    except RecursionError:
        raise SuiteError(f"{path}: nested too deeply; allowed: at most {kind.max_depth} levels") from None
    except (YAMLError, ValueError) as error:
        raise SuiteError(f"{path}: not YAML: {short(str(error))}") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError):  # ruamel.yaml raises these for, say, `!!int ""`
        raise SuiteError(f"{path}: not YAML: a value does not fit the tag before it") from None


def read_bounded(path: Path, kind: FileKind) -> str:
    """Read a text file of bounded size. Raises `SuiteError` with one line that names the file and the mistake."""
    try:
        with path.open("rb") as file:
            content = file.read(kind.max_bytes + 1)
        if len(content) > kind.max_bytes:
            raise SuiteError(f"{path}: too large for a {kind.noun}; allowed: at most {kind.max_bytes // 1024} KiB")
        return content.decode("utf-8")
    except FileNotFoundError:
        raise SuiteError(f"{path}: no such {kind.noun}") from None
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or not a path
        raise SuiteError(f"{path}: cannot be read: {error}") from None
