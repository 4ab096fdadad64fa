"""Write the first suite, and a locustfile from a description: all files, or none."""

import contextlib
import json
import os
import pprint
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import ValidationError

from loadstone.errors import SuiteError, SystemFault
from loadstone.init.locustfile import Locustfile, read_locustfile
from loadstone.init.openapi import Description, Operation, read_description
from loadstone.suite.foreign_servers import ExternalServer
from loadstone.suite.urls import is_loopback
from loadstone.text import short

SUITE = Path("loadstone.yaml")
LOCUSTFILE = Path("locustfile.py")
GUESSED_URL = "http://127.0.0.1:8000"
CALL_WIDTH = 100
"""Columns of a call in the generated locustfile, as far as its values can be broken into lines."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the suite is for."""

    locustfile: Path | None
    description: Path | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and what to point out."""

    files: tuple[Path, ...]
    remarks: tuple[str, ...]
    """One sentence each."""
    warnings: tuple[str, ...]


def write_suite(wishes: Wishes) -> Written:
    """Write `loadstone.yaml` to the current folder, and `locustfile.py` if a description is given.

    Raises `SuiteError` if a file exists already, or if what is given cannot be used; then nothing is written.
    """
    if wishes.locustfile is not None and wishes.description is not None:
        raise SuiteError(
            "command line: --openapi writes a locustfile, so --locustfile cannot be given too; allowed: one"
        )
    targets = [SUITE, *[LOCUSTFILE] * (wishes.description is not None)]
    for path in targets:
        if os.path.lexists(path):
            raise SuiteError(f"{path} exists already and is left as it is; move it away, or work in another folder")
    file = read_locustfile(wishes.locustfile) if wishes.locustfile else None
    description = read_description(wishes.description) if wishes.description else None
    url = wishes.url or _described_url(description)
    server = _check_url(url or GUESSED_URL)
    contents = {SUITE: _render_suite(wishes, file, description, server, guessed=url is None)}
    if description is not None and wishes.description is not None:
        contents = {LOCUSTFILE: _render_locustfile(description, wishes.description, server.url)} | contents
    with _all_or_none() as written:
        for path, text in contents.items():
            with SystemFault.at(path), path.open("x", encoding="utf-8") as stream:
                written.append(path)
                stream.write(text)
    return Written(
        files=tuple(contents),
        remarks=tuple(_remarks(file, description)),
        warnings=tuple(_warnings(server)),
    )


@contextlib.contextmanager
def _all_or_none() -> Iterator[list[Path]]:
    """Yield a list of files, which are removed if the block fails."""
    written: list[Path] = []
    try:
        yield written
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def _described_url(description: Description | None) -> str | None:
    """Return the description's own server if it is on this machine: load on others has to be asked for."""
    if description is None or description.server is None:
        return None
    with contextlib.suppress(ValidationError):
        return ExternalServer(url=description.server).url
    return None


def _check_url(url: str) -> ExternalServer:
    try:
        return ExternalServer(url=url, allow_remote=True)
    except ValidationError as error:
        reason = str(error.errors()[0]["ctx"]["error"]) if "ctx" in error.errors()[0] else error.errors()[0]["msg"]
        shown = url if "@" not in url else "the address"
        raise SuiteError(f"--url: {short(shown)} is not allowed; allowed: {reason.removeprefix('url: ')}") from None


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("loadstone.init"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - it writes YAML and Python, where values are quoted by filters
        keep_trailing_newline=True,
    )
    environment.filters["yaml"] = lambda text: json.dumps(text, ensure_ascii=False)
    return environment


def _render_suite(
    wishes: Wishes, file: Locustfile | None, description: Description | None, server: ExternalServer, *, guessed: bool
) -> str:
    builtin = wishes == Wishes(None, None, None)
    locustfile = LOCUSTFILE if description else wishes.locustfile
    return (
        _environment()
        .get_template("loadstone.yaml.jinja")
        .render(
            builtin=builtin,
            duration="5s" if builtin else "10s",
            most_users=16 if builtin else 20,
            url=server.url,
            host=server.host,
            guessed_url=guessed,
            remote=not is_loopback(server.host),
            https=server.url.startswith("https:"),
            locustfile=_relative(locustfile) if locustfile else None,
            classes=["ApiUser"] if description else file.users if file else (),
            shapes=file.shapes if file else (),
            options=file.options if file else (),
        )
    )


def _relative(path: Path) -> str:
    """Write a path from the suite's folder on; one that lies elsewhere, as a whole."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links stay as they are
    folder = Path.cwd()
    return str(absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute)


def _render_locustfile(description: Description, source: Path, url: str) -> str:
    base_path = "" if url.endswith(description.base_path) else description.base_path
    return (
        _environment()
        .get_template("locustfile.py.jinja")
        .render(
            title=_in_docstring(description.title),
            source=_in_docstring(source.name),
            left_out=description.left_out,
            security=description.security,
            new_values=any(operation.new for operation in description.operations),
            operations=[
                {"function": each.function, "notes": each.notes, "call": _call(each, base_path)}
                for each in description.operations
            ],
        )
    )


def _in_docstring(text: str) -> str:
    return text.replace("\\", "/").replace('"', "'")


def _call(operation: Operation, base_path: str) -> str:
    """Write the call that sends a request. Its name groups requests that differ in path parameters."""
    path = base_path + operation.path
    name = base_path + operation.template
    arguments: Mapping[str, Any] = operation.arguments | ({"name": name} if name != path else {})
    written = [repr(path), *(f"{key}={_literal(value)}" for key, value in arguments.items())]
    function = f"self.client.{operation.method}"
    line = f"{function}({', '.join(written)})"
    if len(line) <= CALL_WIDTH and "\n" not in line:
        return line
    lines = "".join(f"            {argument},\n" for argument in written)
    return f"{function}(\n{lines}        )"


def _literal(value: object) -> str:
    text = pprint.pformat(value, width=CALL_WIDTH - 20, sort_dicts=False)
    return text.replace("\n", "\n            ")


def _remarks(file: Locustfile | None, description: Description | None) -> Iterator[str]:
    if description is not None:
        open_tasks = sum(bool(operation.notes) for operation in description.operations)
        yield (
            f"{LOCUSTFILE} has {len(description.operations)} tasks"
            + f"; {open_tasks} of them have a TODO" * bool(open_tasks)
            + f"; {description.left_out} operations are left out" * bool(description.left_out)
        )
    if file is not None:
        yield (
            f"User classes in the file: {', '.join(file.users)}"
            + "; add those that it imports to classes" * (len(file.users) > 1)
            if file.users
            else ("No User class was found by reading the file; if it imports them, Locust finds them")
        )


def _warnings(server: ExternalServer) -> Iterator[str]:
    if not is_loopback(server.host):
        yield (
            f"{server.host} is not this machine, so {SUITE} has allow_remote: true; "
            "run it only if that machine's owner agrees to the load"
        )
