"""Files that tests read: what load tools printed or saved."""

from tests.conftest import ROOT

LOAD_TOOLS = ROOT / "tests" / "data" / "load_tools"
