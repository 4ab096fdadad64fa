"""The files of a user's own load: which they are, and which client the users of a locustfile have.

A locustfile is read, never imported: to import it would run it.
"""

import ast
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from loadstone.suite.load_settings import Load

Client = Literal["HttpUser", "FastHttpUser", "other"]
MAX_MODULES = 500
"""Modules of the user's own that are followed."""
HTTP_CLIENTS: tuple[Client, ...] = ("HttpUser", "FastHttpUser")


def list_own_files(load: Load, base: Path) -> dict[str, Path]:
    """List the files that a load depends on, as the suite would name them → path: they invalidate its runs.

    These are the locustfiles, the Python files beside each, the modules in the user's own folders that they import, and
    what the suite lists as `files` and `env_from`; of a folder, all files in it but Python's caches, which a run itself
    writes.
    """
    found: dict[str, Path] = {}
    for name in load.locustfile or ():
        path = base / name
        found[name] = path
        found |= {str(Path(name).parent / other.name): other for other in sorted(path.parent.glob("*.py"))}
    for path in _follow_imports(list(found.values()), [base / (load.folder or ".")]):
        found.setdefault(os.path.relpath(path, base), path)
    for name in (*(load.files or ()), *(load.env_from or ())):
        path = base / name
        if path.is_dir():
            found |= {str(Path(name) / p.relative_to(path)): p for p in _files_below(path)}
        else:
            found[name] = path
    return dict(sorted(found.items()))


def _files_below(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and "__pycache__" not in p.relative_to(folder).parts]


def _follow_imports(files: Sequence[Path], folders: Sequence[Path]) -> list[Path]:
    """List the modules that files import from the folder of a file or from `folders`, and those that these import."""
    found: dict[Path, None] = {}
    waiting = list(files)
    while waiting and len(found) < MAX_MODULES:
        file = waiting.pop()
        for module in _imported_modules(file):
            parts = module.split(".")
            for folder in dict.fromkeys([file.parent, *(each.parent for each in files), *folders]):
                for end in range(1, len(parts) + 1):
                    stem = folder.joinpath(*parts[:end])
                    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
                        if path not in found and path not in files and path.is_file():
                            found[path] = None
                            waiting.append(path)
    return sorted(found)


def _imported_modules(file: Path) -> set[str]:
    """Name what a file imports; of `from a import b`, both a and a.b, since b may be a module."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            before = f"{node.module}." if node.module else ""
            names |= {node.module or "", *(before + alias.name for alias in node.names)} - {""}
    return names


def find_complaints(load: Load, base: Path) -> Iterator[str]:
    """Yield the key and what is wrong for each file or class of a load that does not exist."""
    if any("," in name for name in load.locustfile or ()):
        yield "load.locustfile: a path with a comma, which Locust takes for two; rename the file or its folder"
        return
    for key in ("locustfile", "files", "env_from"):
        for name in getattr(load, key) or ():
            path = base / name
            if not path.exists() or (key != "files" and not path.is_file()):
                yield f"load.{key}: {name}: no such file; paths start from the suite's folder"
    if load.folder is not None and not (base / load.folder).is_dir():
        yield f"load.folder: {load.folder}: no such folder; paths start from the suite's folder"
    if load.python is not None and "/" in load.python and not (base / load.python).is_file():
        yield f"load.python: {load.python}: no such file; paths start from the suite's folder"


def find_client(load: Load, base: Path) -> Client:
    """Find the client of the users of a locustfile from its class definitions; other if it is neither, or unknown.

    A class counts as one with Locust's HttpUser or FastHttpUser if that name is among its bases, or among those of a
    base in the same files.
    """
    bases: dict[str, list[str]] = {}
    for name in load.locustfile or ():
        try:
            tree = ast.parse((base / name).read_bytes())
        except (OSError, SyntaxError, ValueError):
            return "other"  # the run explains what is wrong with the file
        bases |= {
            node.name: [_last_name(each) for each in node.bases]
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
        }
    names = list(load.classes or ()) or [name for name in bases if _clients_of(name, bases)]
    clients = {frozenset(_clients_of(name, bases)) for name in names}
    return next((client for client in HTTP_CLIENTS if clients == {frozenset({client})}), "other")


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _clients_of(name: str, bases: Mapping[str, list[str]], depth: int = 0) -> set[str]:
    if name in HTTP_CLIENTS:
        return {name}
    if depth > len(bases):
        return set()
    return {client for base in bases.get(name, ()) for client in _clients_of(base, bases, depth + 1)}
