"""The suite that commands use if none is named."""

from pathlib import Path

OWN_SUITE = Path("loadstone.yaml")
"""In the current folder: what `loadstone init` writes."""
CHECKOUT_SUITE = Path("config/config.yaml")
"""In a checkout: Loadstone's default suite."""


def find_default_suite() -> Path | None:
    """Find the default suite from the current folder; None if there is none."""
    return next((path for path in (OWN_SUITE, CHECKOUT_SUITE) if path.is_file()), None)
