"""The files of a user's own load: which they are, and which client the users of a locustfile have.

A locustfile is read, never imported: to import it would run it.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from loadstone.suite.load_settings import Load

Client = Literal["HttpUser", "FastHttpUser", "other"]
HTTP_CLIENTS: tuple[Client, ...] = ("HttpUser", "FastHttpUser")


def list_own_files(load: Load, base: Path) -> dict[str, Path]:
    """List the files that a load depends on, as the suite would name them → path: they invalidate its runs.

    These are the locustfiles, the Python files beside each, and what the suite lists as `files` and `env_from`; of a
    folder, all files in it but Python's caches, which a run itself writes.
    """
    found: dict[str, Path] = {}
    for name in load.locustfile or ():
        path = base / name
        found[name] = path
        found |= {str(Path(name).parent / other.name): other for other in sorted(path.parent.glob("*.py"))}
    for name in (*(load.files or ()), *(load.env_from or ())):
        path = base / name
        if path.is_dir():
            found |= {str(Path(name) / p.relative_to(path)): p for p in _files_below(path)}
        else:
            found[name] = path
    return dict(sorted(found.items()))


def _files_below(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and "__pycache__" not in p.relative_to(folder).parts]


def find_complaints(load: Load, base: Path) -> Iterator[str]:
    """Yield the key and what is wrong for each file or class of a load that does not exist."""
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
