"""Check the servers of a campaign once, before its first run: a wrong port is one line, not an error in every run."""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from loadstone.errors import ServerError
from loadstone.measure.target.command import find_problem, server_folder
from loadstone.measure.target.external import external_ready_check, not_running, refuse_remote
from loadstone.plan.baselines import is_baseline
from loadstone.plan.schedule import Plan
from loadstone.suite.foreign_servers import CommandServer, ExternalServer
from loadstone.suite.load_settings import Load
from loadstone.suite.settings import Conditions, GunicornServer

MAX_AT_A_TIME = 16
"""Servers that are asked at the same time."""


def check_targets(plan: Plan, base: Path, names: Collection[str] | None = None) -> list[str]:
    """Check the servers of the plan's experiments and searches, or of those with the given names.

    A server that is already running has to answer within about a second; a command's program and folder have to exist.
    Relative paths start from the suite's folder `base`. Returns one line per distinct problem, which names the
    experiments that have it; an empty list if there is none.
    """
    servers: dict[str, tuple[CommandServer | ExternalServer, Load]] = {}
    users: dict[str, list[str]] = {}
    for name, conditions in _conditions(plan):
        server, load = conditions.server, conditions.load
        if isinstance(server, GunicornServer) or (names is not None and name not in names):
            continue
        key = f"{load.mix is None} {server.model_dump_json()}"  # what shows readiness depends on both
        servers[key] = server, load
        users.setdefault(key, []).append(name)
    with ThreadPoolExecutor(MAX_AT_A_TIME) as pool:
        problems = list(pool.map(lambda key: _find_problem(*servers[key], base), servers))
    affected: dict[str, list[str]] = {}
    for problem, who in zip(problems, users.values(), strict=True):
        if problem:
            affected.setdefault(problem, []).extend(who)
    return [f"{_list_names(who)}: {problem}" for problem, who in affected.items()]


def _conditions(plan: Plan) -> Iterator[tuple[str, Conditions]]:
    """List the settings of all experiments and searches by name."""
    yield from plan.experiments.items()
    for name, search in plan.suite.capacity.items():
        yield name, search.settings


def _find_problem(server: CommandServer | ExternalServer, load: Load, base: Path) -> str | None:
    if isinstance(server, CommandServer):
        return None if server.commit else find_problem(server, server_folder(server, base))
    try:
        refuse_remote(server)
    except ServerError as error:
        return str(error)
    check = external_ready_check(server, load)
    return None if check() else not_running(server.url, check)


def _list_names(names: list[str]) -> str:
    """Name the first experiment of the suite's own, and count the others."""
    first, *others = sorted(names, key=is_baseline)
    return f"{first} and {len(others)} more" if others else first
