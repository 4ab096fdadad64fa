"""The whole of `loadstone compare`: read two campaigns, compare, write, print, fail where asked to."""

import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from loadstone.compare.comparison import Comparison, compare
from loadstone.compare.files import find_results, read_side
from loadstone.compare.gate import FailOn, cautions, failures, parse_fail_on
from loadstone.compare.view import as_json, show_comparison
from loadstone.errors import GateError, SuiteError


def compare_folders(
    before: Path, after: Path, *, html: Path | None = None, json: bool = False, fail_on: Sequence[str] = ()
) -> None:
    """Compare two campaigns and print what came out.

    Raises `SuiteError` where the command line can't be meant, `ResultError` where results can't be read, and
    `GateError`, a line for each experiment, where something happened that `fail_on` names.
    """
    wanted = parse_fail_on(fail_on)
    comparison = compare_results(find_results(before), find_results(after), wanted)
    failed, doubts = failures(comparison, wanted), cautions(comparison)
    if html is not None:
        _write_page(comparison, (str(before), str(after)), html)
    # where a regression would fail, what hides one is told beside it, and not twice
    to_log = wanted.regression is not None
    if json:
        print(orjson.dumps(as_json(comparison, failed), option=orjson.OPT_INDENT_2).decode())
    else:
        show_comparison(comparison, (str(before), str(after)), [] if to_log else doubts)
    if to_log:
        print(*(f"loadstone: {doubt}\n" for doubt in doubts), sep="", end="", file=sys.stderr)
    if failed:
        raise GateError("\n".join(failed))


def compare_results(before: Path, after: Path, wanted: FailOn) -> Comparison:
    """Compare two folders of results. Raises `SuiteError` where they have no experiment in common."""
    comparison = compare(read_side(before), read_side(after), wanted.margin)
    if not comparison.experiments:
        raise SuiteError(f"{before} and {after} have no experiment in common: nothing to compare")
    return comparison


def _write_page(comparison: Comparison, places: tuple[str, str], path: Path) -> None:
    from loadstone.compare.page import render

    page = render(comparison, places)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise SuiteError(f"--html: {path}: can't be written: {error.strerror}") from None
