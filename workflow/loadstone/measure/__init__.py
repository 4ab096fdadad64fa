"""Measure one run: the only part of Loadstone that starts processes, opens connections or looks at a clock."""

from pathlib import Path

SOURCE_ROOT = Path(__file__).resolve().parents[3]
"""The project's folder: where `server/` and `locustfiles/` are, and where their processes are started."""
