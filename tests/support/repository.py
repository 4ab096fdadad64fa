"""A small git repository with a service of two speeds: the second commit raises its sleep from 2 ms to 100 ms."""

import os
import subprocess
import sys
from pathlib import Path

SERVICE = """\
import json, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLEEP_S = {sleep_s}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        if self.path != "/healthz":
            time.sleep(SLEEP_S)
        body = b"{{}}" if self.path == "/healthz" else json.dumps({{"id": self.path.rpartition("/")[2]}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

SUITE = """\
baselines: false
defaults:
  duration: 1s
  warm_up: 0s
  repeats: 2
  server:
    kind: command
    argv: [{python}, service.py, "{{port}}"]
    cwd: ..
    ready: /healthz
  load: {{users: 3, spawn_rate: 3, think_time: 0.05, user: FastHttpUser, mix: {{get_album: 1}}}}
experiments:
  albums: {{}}
"""


def run_git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, as a person of the tests' own; return what it prints."""
    person = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(folder), *person, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.strip()


def make_repository(folder: Path) -> tuple[str, str]:
    """Make the repository; return the hashes of its two commits. The branches `fast` and `slow` name them."""
    folder.mkdir(parents=True)
    run_git(folder, "init", "--quiet", "--initial-branch", "fast")
    fast = commit_service(folder, 0.002, "answer in 2 ms")
    run_git(folder, "switch", "--quiet", "--create", "slow")
    slow = commit_service(folder, 0.1, "answer in 100 ms")
    return fast, slow


def commit_service(folder: Path, sleep_s: float, subject: str) -> str:
    """Commit the service with a sleep; return the commit's hash."""
    (folder / "service.py").write_text(SERVICE.format(sleep_s=sleep_s), encoding="utf-8")
    run_git(folder, "add", "service.py")
    run_git(folder, "commit", "--quiet", "--message", subject)
    return run_git(folder, "rev-parse", "HEAD")


def write_suite(folder: Path, extra: str = "") -> Path:
    """Write a suite into the repository's folder `load`, uncommitted; `extra` adds to it at the end."""
    (folder / "load").mkdir(exist_ok=True)
    suite = folder / "load" / "suite.yaml"
    suite.write_text(SUITE.format(python=sys.executable) + extra, encoding="utf-8")
    return suite
