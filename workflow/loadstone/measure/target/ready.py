"""What shows that a server which Loadstone knows only by its responses is ready: `server.ready`."""

from pathlib import Path

from loadstone.errors import ServerError
from loadstone.measure.target.http import send_request, try_connection
from loadstone.suite.foreign_servers import LogLine, Ready
from loadstone.suite.load_settings import Load

HEALTH = "/healthz"
"""The album API's path for health checks."""
TCP = "tcp"
DEADLINE_S = 1.0
"""Seconds that one attempt may take."""
MAX_LINE_BYTES = 65_536
"""Bytes of an unfinished line in a log that are kept until it is complete."""


def ready_sign(given: Ready | None, load: Load) -> Ready:
    """Return what shows readiness: what the suite gives, else the album API's path for a mix, else a connection."""
    return given or (TCP if load.mix is None else HEALTH)


class ReadyCheck:
    """Asks a server, as often as it is called, whether it is ready."""

    def __init__(self, url: str, sign: Ready, bad_status: int, *, verify: bool, log: Path | None = None) -> None:
        """Take a path's status as a sign of readiness below `bad_status`; look for a line of log in `log`."""
        self._url = url
        self._sign = sign
        self._bad_status = bad_status
        self._verify = verify
        self._log = log
        self.problem = "it was not asked"
        """Why it is not ready: the result of the last attempt."""
        self._position = 0
        self._tail = b""
        self._logged = False

    def __call__(self) -> bool:
        """Try once; return whether it is ready."""
        if isinstance(self._sign, LogLine) and not self._has_logged(self._sign.log):
            self.problem = f"its log has no line with {self._sign.log!r}"
            return False
        if isinstance(self._sign, str) and self._sign != TCP:
            return self._answers(self._sign)
        problem = try_connection(self._url, DEADLINE_S, verify=self._verify)
        self.problem = problem or ""
        return problem is None

    def _answers(self, path: str) -> bool:
        try:
            status = send_request(self._url, "GET", path, DEADLINE_S, verify=self._verify).status
        except ServerError as error:
            self.problem = str(error)
            return False
        self.problem = f"GET {path}: status {status}, expected below {self._bad_status}"
        return status < self._bad_status

    def _has_logged(self, text: str) -> bool:
        """Read what the log has gained; return whether a line of it holds the text. Its first line is the command."""
        if self._log is None or self._logged:
            return self._logged
        with self._log.open("rb") as file:
            if not self._position:
                file.readline()
                self._position = file.tell()
            file.seek(self._position)
            for gained in file:
                line = self._tail + gained
                self._position += len(gained)
                self._logged = self._logged or text.encode() in line
                self._tail = b"" if line.endswith(b"\n") else line[-MAX_LINE_BYTES:]
        return self._logged
