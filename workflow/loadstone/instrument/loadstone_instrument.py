"""The locustfile of the instrument, to be given to Locust after the users' own: `-f users.py,loadstone_instrument.py`.

Locust puts the folder of a locustfile on Python's path while it loads the file. The instrument's modules are therefore
loaded as a package under a name of its own, and never as top-level modules that could hide those of the users.
"""

import importlib.util
import sys
from pathlib import Path

NAME = "loadstone_instrument_modules"
FOLDER = Path(__file__).resolve().parent

_spec = importlib.util.spec_from_file_location(NAME, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)])
assert _spec is not None and _spec.loader is not None  # noqa: PT018, S101 - the file is next to this one
_package = importlib.util.module_from_spec(_spec)
sys.modules[NAME] = _package
_spec.loader.exec_module(_package)
importlib.import_module(".start", NAME)
