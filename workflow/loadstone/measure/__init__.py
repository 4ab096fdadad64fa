"""Measure one run: the only part of Loadstone that starts processes, opens connections or reads a clock."""

from loadstone.project import PROJECT

SOURCE_ROOT = PROJECT
"""The project's folder. It holds `server/` and `locustfiles/`, whose processes are started there."""
