"""Options and variables that a suite passes to a locustfile: which are allowed, and how secrets stay out of results."""

import re
from typing import Any

from loadstone.suite.secrets import names_secret

VARIABLE = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")
"""A value that stands for a variable of the environment."""

LOCUST_OPTIONS = frozenset(
    (
        *("autoquit", "autostart", "build-path", "class-picker", "config", "config-users", "csv", "csv-full-history"),
        *("enable-rebalancing", "equal-weights", "exclude-tags", "exit-code-on-error", "expect-slaves"),
        *("expect-workers", "expect-workers-max-wait", "headful", "headless", "help", "host", "html", "json"),
        *("json-file", "legacy-ui", "list", "locustfile", "logfile", "loglevel", "master", "master-bind-host"),
        *("master-bind-port", "master-host", "master-port", "only-summary", "otel", "print-stats", "processes"),
        *("profile", "reset-stats", "run-time", "show-task-ratio", "show-task-ratio-json", "skip-log-setup", "slave"),
        *("spawn-rate", "stop-timeout", "tags", "tls-cert", "tls-key", "users", "version", "web-auth"),
        *("web-base-path", "web-host", "web-host-display-name", "web-login", "web-port", "worker"),
    )
)
"""Locust's own options, which would change what the suite says."""


def freeze_options(value: object) -> object:
    """Take lists of values as tuples."""
    if isinstance(value, dict):
        return {key: tuple(item) if isinstance(item, list) else item for key, item in value.items()}
    return value


def check_option_name(name: str) -> str:
    """Accept the name of an option that a locustfile declares. Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        raise ValueError("the name of an option without its dashes, such as api-version")
    if name.startswith("loadstone"):
        raise ValueError("an option of the locustfile; those that begin with loadstone are Loadstone's own")
    if name in LOCUST_OPTIONS:
        raise ValueError(
            "an option that the locustfile declares; this one is Locust's own, and the suite has a key for it"
        )
    return name


def check_options(options: dict[str, Any]) -> dict[str, Any]:
    """Refuse secrets that results would show, and lists that Locust would take for options. Raises ValueError."""
    for name, value in options.items():
        words = value if isinstance(value, tuple) else (value,)
        if names_secret(name) and not all(isinstance(word, bool) or VARIABLE.fullmatch(str(word)) for word in words):
            raise ValueError(
                f"for {name}, a value that results may show: $NAME, a variable of the environment or of env_from"
            )
        if isinstance(value, tuple) and any(str(word).startswith("-") for word in value):
            raise ValueError(f"for {name}, a list without words that begin with a dash")
    return options


def check_variable_name(name: str) -> str:
    """Accept the name of a variable that does not configure Locust. Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or name.startswith("LOCUST_"):
        raise ValueError("the name of a variable; those that begin with LOCUST_ would change the run")
    return name
