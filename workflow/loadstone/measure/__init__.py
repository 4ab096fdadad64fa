"""Measure one run: the only part of Loadstone that starts processes, opens connections or reads a clock."""

from pathlib import Path

SOURCE_ROOT = Path(__file__).resolve().parents[3]
"""The project's folder. It holds `server/` and `locustfiles/`, whose processes are started there."""
