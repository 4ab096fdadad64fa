"""Connections to other hosts are refused, whatever client opens them. Each in a process of its own."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

PRELUDE = """
import socket
import locust
from loadstone.instrument.connections import guard_connections
listener = socket.create_server(("127.0.0.1", 0))
guard_connections(["198.51.100.7"])
"""


def run(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    "client",
    [
        "socket.create_connection(('192.0.2.1', 80), timeout=5)",
        "import requests; requests.get('http://192.0.2.1/', timeout=5)",
        "import geventhttpclient; geventhttpclient.HTTPClient.from_url('http://192.0.2.1/').get('/')",
        "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
        "socket.socket().connect_ex(('192.0.2.1', 80))",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 80))",
    ],
)
def test_connection_to_another_host_ends_the_process(client: str) -> None:
    answer = run(client)
    assert answer.returncode == 78, answer.stderr
    [line] = answer.stderr.splitlines()
    assert line.startswith("a user connects to ")
    assert line.endswith("if its owner agrees to the load, list the host in load.allow_hosts")


def test_this_machine_and_the_hosts_allowed_can_be_reached() -> None:
    code = """
socket.create_connection(listener.getsockname()).close()
socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", listener.getsockname())
socket.socket(socket.AF_INET6).connect(("::ffff:127.0.0.1", listener.getsockname()[1]))
s = socket.socket(); s.settimeout(0.01)
try:
    s.connect(("198.51.100.7", 80))
except OSError:
    pass
print("still here")
"""
    answer = run(code)
    assert (answer.returncode, answer.stdout) == (0, "still here\n"), answer.stderr
