"""Name the failure of a request; and end the process for a failure of the machine that loads, not of the server.

All clients give a failure the same name:

    HTTP 500            a status that the client or the task counts as a failure
    not JSON, …         a task's own words for an answer with the wrong content
    connection refused  no process listens
    connection closed   the connection ended before an answer began
    body cut short      the connection ended inside the answer's body
    not HTTP            the answer is not HTTP
    not decodable       the body is not encoded as its header states
    timed out           no answer, or no more of it, for as long as the client waits

Any other exception has the name of its class, or its attribute `failure_name`; whatever else a client reports as an
exception, such as a text or a tuple, is written as it is. A worker process that is out of files, ports or memory, or
that cannot write its records, would measure itself from then on. It prints the reason and ends with exit code
`OUT_OF_RESOURCES` or `CANNOT_RECORD`; one that must not go on, with `REFUSED`.
"""

import contextlib
import errno
import http.client
import os
import sys
import zlib
from collections.abc import Iterator
from typing import NoReturn

import requests
from gevent import Timeout
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError
from locust.exception import CatchResponseError

MAX_NAME_LENGTH = 120

OUT_OF_RESOURCES = 71  # EX_OSERR of sysexits.h
CANNOT_RECORD = 74  # EX_IOERR
REFUSED = 78  # EX_CONFIG
RESOURCE_ERRNOS = (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM)

FAILURE_NAMES: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
    ("body cut short", (requests.exceptions.ChunkedEncodingError, http.client.IncompleteRead)),
    ("connection refused", (ConnectionRefusedError,)),
    ("timed out", (TimeoutError, Timeout, requests.Timeout)),
    ("connection closed", (HTTPConnectionClosed, ConnectionError)),
    ("not decodable", (zlib.error, requests.exceptions.ContentDecodingError)),
    ("not HTTP", (HTTPParseError, http.client.HTTPException, requests.exceptions.InvalidHeader)),
)
"""Name and the exceptions that it stands for. A special exception comes before the general one that it is a case of."""


def name_failure(exception: object, status: int) -> tuple[str, bool]:
    """Name a request's failure; the second value says whether a complete answer came all the same.

    `exception` is what the client reported, `status` the status of the response, 0 if there is none. Ends the process
    if the machine, not the server, caused the failure.
    """
    if isinstance(exception, CatchResponseError):
        return str(exception)[:MAX_NAME_LENGTH], True
    if not isinstance(exception, BaseException):
        text = exception if isinstance(exception, str) else repr(exception)
        return text[:MAX_NAME_LENGTH], True
    causes = list(_causes(exception))
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno in RESOURCE_ERRNOS:
            end_process(f"cannot send more requests: {os.strerror(cause.errno)}", OUT_OF_RESOURCES)
    for cause in causes:
        if isinstance(name := getattr(cause, "failure_name", None), str):
            return name, False
    for name, classes in FAILURE_NAMES:
        if any(isinstance(cause, classes) for cause in causes):
            return name, False
    return (f"HTTP {status}" if status >= 400 else type(exception).__name__), True


def _causes(exception: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and the exceptions that caused it, the outermost first."""
    seen: set[int] = set()
    while exception is not None and id(exception) not in seen:
        seen.add(id(exception))
        yield exception
        exception = exception.__cause__ or exception.__context__


def end_process(reason: str, code: int) -> NoReturn:
    """End this process at once, with a reason on standard error."""
    with contextlib.suppress(OSError):  # the log may be on the same full disk
        print(reason, file=sys.stderr, flush=True)
    os._exit(code)
