"""Signals that stop a run, and waiting that they can interrupt."""

import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

from loadstone.errors import Interrupted

POLL_S = 0.02


class StopRequest:
    """Ctrl-C, SIGTERM and SIGHUP: noted when they arrive, raised where the run can end cleanly.

    It is a context manager and lasts as long as its block. `label` names the run in the message. A signal that this
    process was started to ignore, as `nohup` does, stays ignored.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._received: signal.Signals | None = None
        self._former: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._former[number] = signal.signal(number, self._note)
        return self

    def _note(self, number: int, _: FrameType | None) -> None:
        self._received = self._received or signal.Signals(number)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        if error is None:
            self.check()

    def check(self) -> None:
        """Raise `Interrupted` if a signal has arrived."""
        if self._received is not None:
            raise Interrupted(f"{self._label}: stopped by {self._received.name}")

    def sleep(self, seconds: float) -> None:
        """Sleep. Raises `Interrupted` if a signal arrived before or meanwhile."""
        self.check()
        time.sleep(seconds)
        self.check()


def wait_until(condition: Callable[[], bool], deadline_s: float, stop: StopRequest) -> bool:
    """Wait until `condition` holds; return False if it does not within `deadline_s` seconds.

    Raises `Interrupted` if a signal arrives.
    """
    deadline = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        stop.sleep(POLL_S)
    return True
