"""Two formats that services for continuous integration read: Markdown tables, and test results as JUnit's XML."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

from loadstone.text import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case of a JUnit file."""

    name: str
    outcome: Literal["passed", "failed", "skipped"]
    message: str
    """What was found, in one line."""
    seconds: float = 0.0


def write_junit(suite: str, cases: Sequence[Case]) -> str:
    """Write cases as JUnit's XML, with one suite."""
    counts = {kind: sum(case.outcome == kind for case in cases) for kind in ("failed", "skipped")}
    attributes = {
        "name": printable(suite),
        "tests": str(len(cases)),
        "failures": str(counts["failed"]),
        "errors": "0",
        "skipped": str(counts["skipped"]),
        "time": f"{sum(case.seconds for case in cases):.1f}",
    }
    root = ET.Element("testsuites", {key: value for key, value in attributes.items() if key != "skipped"})
    parent = ET.SubElement(root, "testsuite", attributes)
    for case in cases:
        place = {"classname": printable(suite), "name": printable(case.name), "time": f"{case.seconds:.1f}"}
        element = ET.SubElement(parent, "testcase", place)
        if case.outcome == "passed":
            ET.SubElement(element, "system-out").text = printable(case.message)
        else:
            kind = "failure" if case.outcome == "failed" else "skipped"
            ET.SubElement(element, kind, {"message": printable(case.message)})
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[str] = ()) -> str:
    """Write a table in GitHub's Markdown; the columns in `right` are right-aligned."""
    rule = ["--:" if heading in right else "---" for heading in headings]
    return "".join(f"| {' | '.join(map(markdown_text, cells))} |\n" for cells in (headings, rule, *rows))


def markdown_text(text: str) -> str:
    """Write a text in one line, without characters that Markdown would take as its own."""
    text = printable(" ".join(text.split())).replace("&", "&amp;").replace("<", "&lt;")
    return "".join("\\" + c if c in "\\|`*_[]" else c for c in text)
