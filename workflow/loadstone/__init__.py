"""Loadstone: rerun a suite of load experiments and learn how fast a server is, how it scales and what stops it."""

from importlib.metadata import version

__version__ = version("loadstone")
