"""A section of the page: its title, the values for its template, and its charts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loadstone.report.charts.shared import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section; its module, its template and its anchor have the same name."""

    anchor: str
    title: str
    view: object
    """The values that the template shows, as one frozen dataclass."""
    charts: Mapping[str, Chart] = field(default_factory=dict)
    """Name (`chart-<name>` is its place in the template) → chart."""
    navigation: str = ""
    """Its word in the navigation; empty for a section without one."""

    @property
    def template(self) -> str:
        """Name of its template."""
        return f"{self.anchor.replace('-', '_')}.html"


def drawn(charts: Mapping[str, Chart | None]) -> dict[str, Chart]:
    """Leave out the charts without data."""
    return {name: chart for name, chart in charts.items() if chart is not None}
