"""The recorder in a process of its own, with a prelude that reports requests."""

import time
from collections.abc import Callable
from pathlib import Path

BEGAN = float(int(time.time()))
PRELUDE = (
    f"BEGAN = {BEGAN}"
    + """
import sys
from pathlib import Path
from types import SimpleNamespace
import locust
import gevent
from loadstone.instrument import recorder

ANSWERED = SimpleNamespace(status_code=200, headers={"server-timing": "db;dur=9, app;dur=0.25"})
REFUSED = SimpleNamespace(status_code=0, headers=None)

class Someone(locust.User):
    def __init__(self, number, intended=None):
        self.loadstone_number, self.loadstone_intended = number, intended

def fire(listener, number, intended=None, **changes):
    '''Report a request of a user in the user's greenlet; of no user where the number is None.'''
    event = {
        "request_type": "GET", "name": "/albums", "response_time": 1.5, "response_length": 10, "response": ANSWERED,
        "context": {}, "exception": None, "start_time": BEGAN + (number or 0), "url": "http://127.0.0.1/albums",
    }
    user = [] if number is None else [Someone(number, intended)]
    gevent.spawn(lambda *_: listener(**(event | changes)), *user).get()

kept = recorder.Recorder(Path(sys.argv[1]))
listener = kept.listener(frozenset(), scheduled=True)
"""
)

Record = Callable[[str, str], Path]
