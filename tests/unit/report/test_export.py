"""Charts and tables as files."""

from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from loadstone.report.export import export
from loadstone.report.page import all_charts, build_sections
from tests.support.made_up import WORKERS, Make, scaled


@pytest.mark.slow
def test_every_chart_twice_and_the_tables(make: Make, tmp_path: Path) -> None:
    campaign = make(WORKERS.replace("4, 6]", "4]"), scaled)
    written = list(export(campaign, tmp_path / "figures"))
    assert {path.name for path in written if path.stat().st_size < 500} == {"heat.csv"}, "no run was long"
    of_kind = {suffix: [path for path in written if path.suffix == suffix] for suffix in (".svg", ".png", ".csv")}
    charts = all_charts(build_sections(campaign))
    names = {name for name in charts if not name.startswith("experiment-")}
    names |= {f"{name}-of-w={n}" for name in set(charts) - names for n in (1, 2, 4)}
    assert {path.stem for path in of_kind[".svg"]} == {path.stem for path in of_kind[".png"]} == names
    for path in of_kind[".svg"]:
        assert ElementTree.parse(path).getroot().tag.endswith("svg")  # noqa: S314 - our own file
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in of_kind[".png"])
    summary = pd.read_csv(tmp_path / "figures" / "summary.csv")
    assert set(summary["experiment"]) == {"w=1", "w=2", "w=4"}
