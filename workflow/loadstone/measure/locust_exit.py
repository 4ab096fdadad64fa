"""Explain in one sentence why a Locust process ended, from its log: what a person who wrote the locustfile can act on.

`explain_exit` takes text and returns text. Python names the file and line of an error; of these, the last one that
belongs to the user's own files is where to look.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from loadstone.text import MAX_LENGTH, printable

_FRAME = re.compile(r'^\s*File "(?P<path>[^"]+)", line (?P<line>\d+)', re.MULTILINE)
_ERROR = re.compile(
    r"^(?P<kind>[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning))\b(?P<text>:.*)?$", re.MULTILINE
)
_SENTENCES = {
    r"the following arguments are required: (.+)": "{names} needs the option {text}: give it in load.options",
    r"error: unrecognized arguments: ([^=\s]+)": "load.options: {names} has no option {text}",
    r"error: argument (.+)": "load.options: {text}",
    r"No User class found!": "{names} has no User class that Locust can run: make one that is not abstract",
    r"Unknown User\(s\): (.+)": "load.classes: {names} has no User class {text}",
    r"Could not find '?([^'\n]+?)'?(?:\.| Ensure|\n|$)": "load.locustfile: {text}: no such file",
    r"No module named '?locust'?\s*$": "load.python: that environment has no Locust: install locust there",
}
"""Pattern of a line in Locust's log → how it is explained."""
MAX_REASON = 3 * MAX_LENGTH


def explain_exit(log: str, files: Sequence[Path]) -> str | None:
    """Explain why Locust ended, by the end of its log; None if the log has no known reason.

    `files` are the user's locustfiles, as absolute paths; a file next to one of them counts as the user's too.
    """
    names = ", ".join(path.name for path in files) or "the locustfile"
    for pattern, sentence in _SENTENCES.items():
        if matching := re.search(pattern, log):
            text = _cut(matching[1]) if matching.groups() else ""
            return sentence.format(names=names, text=text)
    return _explain_traceback(log, files)


def _explain_traceback(log: str, files: Sequence[Path]) -> str | None:
    begin = log.rfind("Traceback (most recent call last)")
    text = log[max(begin, 0) :]
    errors = list(_ERROR.finditer(text))
    place = _own_place(text, files)
    if not errors or place is None:
        return None
    reason = f"{errors[-1]['kind'].rpartition('.')[2]}{errors[-1]['text'] or ''}"
    return f"{place}: {_cut(reason)}"


def find_place(log: str, files: Sequence[Path]) -> str | None:
    """Find where a process stands, by the stack that Python's faulthandler writes: the innermost frame comes first."""
    begin = log.rfind("most recent call first")
    frames = [frame for frame in _FRAME.finditer(log, max(begin, 0)) if _is_own(Path(frame["path"]), files)]
    return f"{Path(frames[0]['path']).name}, line {frames[0]['line']}" if frames else None


def _own_place(text: str, files: Sequence[Path]) -> str | None:
    frames = [frame for frame in _FRAME.finditer(text) if _is_own(Path(frame["path"]), files)]
    return f"{Path(frames[-1]['path']).name}, line {frames[-1]['line']}" if frames else None


def _is_own(path: Path, files: Sequence[Path]) -> bool:
    return any(path == file or file.parent in path.parents for file in files) and "site-packages" not in path.parts


def _cut(text: str) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 3] + "..."
