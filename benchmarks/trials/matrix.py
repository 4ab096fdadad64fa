"""A trial's outcome: totals against the bars, and truths against verdicts as a table and as a chart."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import vl_convert

from benchmarks.trials.case import Half
from benchmarks.trials.grading import Grade
from loadstone.report.page import VEGA_LITE_VERSION
from loadstone.suite.verdict import Verdict
from loadstone.text import several

MIN_RIGHT = 0.75
MAX_WRONG = 0.05
COLOURS = {
    Grade.RIGHT: "#0072B2", Grade.HALF: "#56B4E9", Grade.OPEN: "#BBBBBB", Grade.WRONG: "#D55E00",
    Grade.BROKEN: "#000000",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one case."""

    case: str
    half: Half
    neighbour: bool
    truth: str
    right: tuple[str, ...]
    half_right: tuple[str, ...]
    at_once: float | None
    verdict: str
    parties: tuple[str, ...]
    grade: Grade
    accuses_server: bool
    sentence: str
    proceeding: dict[str, Any] | None = None
    signals: dict[str, Any] | None = None
    judgement: dict[str, Any] | None = None

    def line(self) -> str:
        """Write it in one line."""
        found = self.proceeding
        proceed = f" [{found['value']:.1f} proceed, {self.at_once:g} built in]" if found and self.at_once else ""
        figures = (
            f" ({self.signals['throughput']:.0f}/s, {1000 * self.signals['response_s']:.0f} ms)" if self.signals else ""
        )
        accused = "  FALSE ACCUSATION OF THE SERVER" if self.accuses_server else ""
        found_out = f"{self.verdict}{proceed}{figures}: {self.sentence}{accused}"
        return f"{self.grade:12}  {self.case:22}  {self.truth:32}  {found_out}"


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of outcomes that belong together: one half, quiet or next to a neighbour."""

    half: Half
    neighbour: bool
    outcomes: Sequence[Outcome]

    @property
    def title(self) -> str:
        """Name the part of the trial."""
        parameters = "Parameters that rules were chosen on" if self.half == Half.CHOSEN else "Parameters kept aside"
        return f"{parameters}, {'next to a busy neighbour' if self.neighbour else 'quiet'}"

    def count(self, grade: Grade) -> int:
        """Count the outcomes of a grade."""
        return sum(each.grade == grade for each in self.outcomes)

    @property
    def accusations(self) -> int:
        """Number of cases in which the server is named and something else limited throughput."""
        return sum(each.accuses_server for each in self.outcomes)

    @property
    def misses(self) -> list[str]:
        """Name the bars that are missed."""
        cases = len(self.outcomes)
        right, wrong = self.count(Grade.RIGHT), self.count(Grade.WRONG)
        bars = {
            f"{right} of {cases} right, at least {MIN_RIGHT:.0%}": self.neighbour or right >= MIN_RIGHT * cases,
            f"{wrong} of {cases} wrong, at most {MAX_WRONG:.0%}": wrong <= MAX_WRONG * cases,
            f"{self.accusations} false accusations of the server, at most 0": self.neighbour or not self.accusations,
            f"{self.count(Grade.BROKEN)} not measured, at most 0": not self.count(Grade.BROKEN),
        }
        return [text for text, is_met in bars.items() if not is_met]

    @property
    def disturbed(self) -> list[str]:
        """Name the quiet cases in which others used the machine."""
        return [each.case for each in self.outcomes if each.verdict == Verdict.NEIGHBOUR and not self.neighbour]

    def sentence(self) -> str:
        """Write the totals in one line."""
        counts = ", ".join(f"{self.count(grade)} {grade}" for grade in Grade if self.count(grade))
        return f"{several(len(self.outcomes), 'case')}: {counts}; false accusations of the server: {self.accusations}"

    def advice(self) -> str:
        """State what to measure again, if others used a machine that was to be quiet."""
        if not self.disturbed:
            return ""
        return f"Others used the machine: measure {', '.join(self.disturbed)} again when it is quiet"

    def table(self) -> str:
        """Write truths against verdicts as a table in Markdown. Right verdicts are bold, and wrong ones marked by !."""
        truths = list(dict.fromkeys(each.truth for each in self.outcomes))
        verdicts = sorted({each.verdict for each in self.outcomes}, key=lambda v: (v not in truths, v))
        lines = [f"| truth | {' | '.join(verdicts)} |", "|---" * (len(verdicts) + 1) + "|"]
        for truth in truths:
            cells = [self._cell(truth, verdict) for verdict in verdicts]
            lines.append(f"| {truth} | {' | '.join(cells)} |")
        return "\n".join(lines)

    def _cell(self, truth: str, verdict: str) -> str:
        grades = Counter(each.grade for each in self.outcomes if (each.truth, each.verdict) == (truth, verdict))
        marks = {Grade.RIGHT: "**{}**", Grade.WRONG: "{}!"}
        return " + ".join(marks.get(grade, "{}").format(number) for grade, number in sorted(grades.items()))

    def case_table(self) -> str:
        """Write a table with a line per case."""
        rows = (f"| {each.case} | {each.truth} | {each.verdict} | {each.grade} |" for each in self.outcomes)
        return "\n".join(["| case | truth | verdict | |", "|---|---|---|---|", *rows])

    def chart(self) -> alt.Chart:
        """Draw truths against verdicts: a field per case, in the colour of its grade."""
        table = pd.DataFrame([{**asdict(each), "grade": str(each.grade)} for each in self.outcomes])
        table = table[["case", "truth", "verdict", "grade"]]
        truths = list(dict.fromkeys(table["truth"]))
        verdicts = [*(truth for truth in truths if truth in set(table["verdict"])),
                    *sorted(set(table["verdict"]) - set(truths))]  # fmt: skip
        table["place"] = table.groupby(["truth", "verdict"]).cumcount()
        table["of"] = table.groupby(["truth", "verdict"])["case"].transform("size")
        table["offset"] = table["place"] - (table["of"] - 1) / 2
        colour = alt.Color(
            "grade:N", title=None, scale=alt.Scale(domain=list(map(str, COLOURS)), range=list(COLOURS.values()))
        )
        chart: alt.Chart = (
            alt.Chart(table, title=self.title)
            .mark_square(size=64, opacity=1)
            .encode(
                x=alt.X("verdict:N", title="verdict", scale=alt.Scale(domain=verdicts), axis=alt.Axis(grid=True)),
                y=alt.Y("truth:N", title="truth", scale=alt.Scale(domain=truths), axis=alt.Axis(grid=True)),
                xOffset=alt.XOffset("offset:Q", scale=alt.Scale(domain=[-3, 3])),
                color=colour,
                tooltip=["case", "truth", "verdict", "grade"],
            )
            .properties(width=alt.Step(66), height=alt.Step(26))
        )
        return chart


def part_up(outcomes: Sequence[Outcome]) -> list[Totals]:
    """Part outcomes by half and neighbour."""
    keys = dict.fromkeys((each.half, each.neighbour) for each in outcomes)
    return [Totals(*key, [each for each in outcomes if (each.half, each.neighbour) == key]) for key in keys]


def name_of_part(part: Totals) -> str:
    """Name the files of a part."""
    return f"trial-{part.half}-{'neighbour' if part.neighbour else 'quiet'}"


def draw(parts: Sequence[Totals], into: Path, *, html: bool = True) -> None:
    """Draw a chart per part, as SVG and as HTML."""
    into.mkdir(parents=True, exist_ok=True)
    for part in parts:
        specification = {**part.chart().to_dict(), "background": "white"}
        svg = vl_convert.vegalite_to_svg(specification, vl_version=VEGA_LITE_VERSION)
        (into / f"{name_of_part(part)}.svg").write_text(svg, encoding="utf-8")
        if html:
            page = vl_convert.vegalite_to_html(specification, vl_version=VEGA_LITE_VERSION, bundle=True)
            (into / f"{name_of_part(part)}.html").write_text(page, encoding="utf-8")


BEGIN, END = "<!-- written by benchmarks.trial: {name} -->", "<!-- end of {name} -->"


def write_into_page(parts: Sequence[Totals], page: Path) -> None:
    """Replace the parts of a page in Markdown by new ones, or add them at its end."""
    text = page.read_text(encoding="utf-8") if page.exists() else "# The trial of the verdicts\n"
    for part in parts:
        name = f"{part.half}, {'neighbour' if part.neighbour else 'quiet'}"
        begin, end = BEGIN.format(name=name), END.format(name=name)
        picture = f"![{part.title}: truths against verdicts]({name_of_part(part)}.svg)"
        content = f"### {part.title}\n\n{part.sentence()}.\n\n{part.table()}\n\n{picture}\n\n{part.case_table()}"
        section = f"{begin}\n\n{content}\n\n{end}"
        before, found, rest = text.partition(begin)
        after = rest.partition(end)[2] if found else "\n"
        text = before + section + after if found else f"{text.rstrip()}\n\n{section}{after}"
    page.write_text(text, encoding="utf-8")
