"""Secrets are removed from a written command line, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.measure.redaction import redact
from tests.support.fuzzing import fuzz

SECRET = "hunter2-s3cr3t"  # noqa: S105 - made up


@pytest.mark.parametrize(
    "argv",
    [
        [f"--password={SECRET}"],
        [f"--password={SECRET} and more {SECRET}"],
        ["--password", SECRET],
        ["--api-key", SECRET, "--verbose"],
        ["--client_secret", SECRET],
        [f"DB_PASSWORD={SECRET}"],
        [f"AWS_SECRET_ACCESS_KEY={SECRET}"],
        [f"GITHUB_TOKEN={SECRET}"],
        [f"accessKey={SECRET}"],
        [f"--host=http://user:{SECRET}@example.org/"],
        [f"postgres://user:{SECRET}@db/albums"],
        [f"http://example.org/?page=1&token={SECRET}&x=2"],
        ["--header", f"Authorization: Bearer {SECRET}"],
        ["--header", f"X-Api-Key: {SECRET}"],
        ["--json", f'{{"rate": 1, "token": "{SECRET}"}}'],
        [f'server:create_app(store="list", password="{SECRET}")'],
        [f"server:create_app(credentials='{SECRET}', albums=3)"],
    ],
)
def test_secret_is_hidden(argv: list[str]) -> None:
    shown = redact(argv)
    assert SECRET not in " ".join(shown)
    assert "***" in " ".join(shown)
    assert len(shown) == len(argv)


@pytest.mark.parametrize(
    "argv",
    [
        [
            "python",
            "-m",
            "gunicorn",
            "--config",
            "server/gunicorn.conf.py",
            "--worker-class",
            "gthread",
            "--workers",
            "4",
        ],
        ['server:create_app(store="sqlite", albums=3, path="/tmp/a b/albums.sqlite", lock="/tmp/x")'],
        ['server:create_app(calibration={"parallel_ms": 20.0, "serial_ms": 2.0})'],
        ["--waiting", '{"uniform": [1.0, 2.0]}', "--mix", '{"list_albums":3,"get_album":3}', "--seed", "17"],
        ["--host", "http://127.0.0.1:8000", "--bind", "127.0.0.1:0", "fd://7"],
        ["--keepalive", "5", "monkey=1", "--turkey", "x", "passenger=2"],
    ],
)
def test_everything_else_stays(argv: list[str]) -> None:
    assert redact(argv) == argv


@fuzz(100)
@given(
    st.lists(
        st.text(max_size=20) | st.sampled_from(["--password", "token=", "key: ", "://u:p@", '"secret":"']), max_size=8
    )
)
def test_any_command_line_keeps_its_length_and_is_redacted_once(argv: list[str]) -> None:
    shown = redact(argv)
    assert len(shown) == len(argv)
    assert redact(shown) == shown
