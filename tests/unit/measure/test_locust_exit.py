"""Why Locust ended, in one sentence, from real logs of Locust."""

from pathlib import Path

import pytest

from loadstone.measure.locust_exit import explain_exit, find_place

FILE = Path("/home/me/load/locustfile.py")

IMPORT = """\
Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "/venv/lib/python3.11/site-packages/locust/main.py", line 91, in merge_locustfiles_content
    user_classes, shape_classes = load_locustfile(_locustfile)
  File "/home/me/load/locustfile.py", line 2, in <module>
    import helpers
  File "/home/me/load/helpers.py", line 7, in <module>
    import nosuchmodule
ModuleNotFoundError: No module named 'nosuchmodule'
"""
SYNTAX = """\
Traceback (most recent call last):
  File "<frozen importlib._bootstrap_external>", line 1074, in source_to_code
  File "/home/me/load/locustfile.py", line 2
    class A(HttpUser)
                     ^
SyntaxError: expected ':'
"""
IN_A_LIBRARY = IMPORT.replace("/home/me/load/helpers.py", "/venv/lib/python3.11/site-packages/helpers.py")


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (IMPORT, "helpers.py, line 7: ModuleNotFoundError: No module named 'nosuchmodule'"),
        (IN_A_LIBRARY, "locustfile.py, line 2: ModuleNotFoundError: No module named 'nosuchmodule'"),
        (SYNTAX, "locustfile.py, line 2: SyntaxError: expected ':'"),
        (
            "__main__.py: error: the following arguments are required: --api-key, --region\n",
            "locustfile.py needs the option --api-key, --region: give it in load.options",
        ),
        (
            "__main__.py: error: unrecognized arguments: --colour=red\nDid you mean '--color'?\n",
            "load.options: locustfile.py has no option --colour",
        ),
        (
            "__main__.py: error: argument --size: invalid int value: 'x'\n",
            "load.options: --size: invalid int value: 'x'",
        ),
        (
            "[2026-01-01 12:00:00,000] host/ERROR/locust.main: No User class found!\n",
            "locustfile.py has no User class that Locust can run: make one that is not abstract",
        ),
        (
            "[2026-01-01 12:00:00,000] host/ERROR/locust.main: Unknown User(s): Wrong\n",
            "load.classes: locustfile.py has no User class Wrong",
        ),
        (
            "/usr/bin/python3: No module named locust\n",
            "load.python: that environment has no Locust: install locust there",
        ),
    ],
)  # fmt: skip
def test_reason_is_one_sentence(log: str, sentence: str) -> None:
    assert explain_exit(log, [FILE]) == sentence


@pytest.mark.parametrize(
    "log",
    [
        "",
        "INFO/locust.main: Shutting down (exit code 0)\n",
        "Traceback (most recent call last):\nValueError: elsewhere\n",
    ],
)
def test_no_known_reason_is_none(log: str) -> None:
    assert explain_exit(log, [FILE]) is None


def test_reason_is_short_and_printable() -> None:
    log = IMPORT.replace("nosuchmodule'\n", "\x1b[31m" + "long " * 1000 + "'\n")
    sentence = explain_exit(log, [FILE])
    assert sentence is not None
    assert len(sentence) < 250
    assert sentence.isprintable()


def test_place_is_the_innermost_frame_of_the_users_files() -> None:
    log = (
        "Fatal Python error: Aborted\n\nCurrent thread 0x00007f (most recent call first):\n"
        '  File "/venv/lib/python3.11/site-packages/requests/api.py", line 59 in request\n'
        '  File "/home/me/load/locustfile.py", line 12 in read_all\n'
        '  File "/home/me/load/locustfile.py", line 20 in <module>\n'
    )
    assert find_place(log, [FILE]) == "locustfile.py, line 12"
    assert find_place("most recent call first\n", [FILE]) is None
