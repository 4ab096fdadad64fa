"""Read a locustfile without importing it: its User classes, load shapes and options."""

import ast
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loadstone.errors import SuiteError
from loadstone.suite.bounded_yaml import FileKind, read_bounded

LOCUSTFILE = FileKind("locustfile", 4 * 1024 * 1024, 0)


@dataclass(frozen=True, slots=True)
class Locustfile:
    """What a locustfile defines, as far as its text shows it."""

    users: tuple[str, ...]
    """User classes that are not abstract."""
    shapes: tuple[str, ...]
    """Subclasses of LoadTestShape."""
    options: tuple[str, ...]
    """Command-line options that it adds, without dashes."""


def read_locustfile(path: Path) -> Locustfile:
    """Read a locustfile. Raises `SuiteError` with one line that names the file, and the line of a mistake."""
    text = read_bounded(path, LOCUSTFILE)
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise SuiteError(f"{path}: not Python: {error.msg} at line {error.lineno}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise SuiteError(f"{path}: not Python: {error}") from None
    classes = list(_classes(tree))
    return Locustfile(
        users=tuple(node.name for node in _subclasses(classes, "User") if not _is_abstract(node)),
        shapes=tuple(node.name for node in _subclasses(classes, "LoadTestShape") if not _is_abstract(node)),
        options=tuple(dict.fromkeys(_options(tree))),
    )


def _classes(tree: ast.Module) -> Iterator[ast.ClassDef]:
    """Yield the classes of the module itself: Locust sees none of those in functions and in classes."""
    left: deque[ast.AST] = deque([tree])
    while left:
        for child in ast.iter_child_nodes(left.popleft()):
            if isinstance(child, ast.ClassDef):
                yield child
            elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                left.append(child)


def _subclasses(classes: list[ast.ClassDef], ending: str) -> list[ast.ClassDef]:
    """List classes that derive, directly or through others, from a class whose name ends with `ending`."""
    found: dict[str, ast.ClassDef] = {}
    while True:
        new = {
            node.name: node
            for node in classes
            if node.name not in found
            and any(base in found or base.endswith(ending) for base in map(_last_name, node.bases))
        }
        if not new:
            return [node for node in classes if found.get(node.name) is node]
        found |= new


def _last_name(base: ast.expr) -> str:
    if isinstance(base, ast.Attribute):
        return base.attr
    return base.id if isinstance(base, ast.Name) else ""


def _is_abstract(node: ast.ClassDef) -> bool:
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        if any(isinstance(target, ast.Name) and target.id == "abstract" for target in targets):
            value = getattr(statement, "value", None)
            return isinstance(value, ast.Constant) and value.value is True
    return False


def _options(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
            for argument in node.args:
                if isinstance(argument, ast.Constant) and str(argument.value).startswith("--"):
                    yield str(argument.value).removeprefix("--")
