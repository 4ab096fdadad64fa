"""Name the failure of a request; and end the process for a failure of the machine that loads, not of the server.

Both HTTP clients give a failure the same name:

    HTTP 500            a status other than the expected one
    not JSON, …         a task's own words for an answer with the wrong content
    connection refused  no process listens
    connection closed   the connection ended before an answer began
    body cut short      the connection ended inside the answer's body
    larger than 16 MB   the client read this much and closed the connection
    not HTTP            the answer is not HTTP
    not decodable       the body is not encoded as its header states
    timed out           no answer, or no more of it, for as long as the client waits

Any other failure has the name of its exception's class. A worker process that is out of files, ports or memory, or that
cannot write its records, would measure itself from then on. It prints the reason and ends with exit code
`OUT_OF_RESOURCES` or `CANNOT_RECORD`.
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

MAX_BYTES = 16 * 2**20
"""Bytes of one response that a client reads: far more than any answer in a sensible load test, and few enough that
fifty users can hold one each at the same time."""
MAX_NAME_LENGTH = 120

OUT_OF_RESOURCES = 71  # EX_OSERR of sysexits.h
CANNOT_RECORD = 74  # EX_IOERR
RESOURCE_ERRNOS = (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM)


class TooLargeError(requests.RequestException, HTTPParseError):
    """A response is larger than `MAX_BYTES`. Each client treats it as one of its own errors."""


class BodyCutShortError(HTTPParseError):
    """The connection ended inside a response's body."""


class ClosedError(HTTPParseError):
    """The connection ended before a response began. Unlike `HTTPConnectionClosed`, it makes no client try again."""


FAILURE_NAMES: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
    (f"larger than {MAX_BYTES // 2**20} MB", (TooLargeError,)),
    ("body cut short", (BodyCutShortError, requests.exceptions.ChunkedEncodingError, http.client.IncompleteRead)),
    ("connection refused", (ConnectionRefusedError,)),
    ("timed out", (TimeoutError, Timeout, requests.Timeout)),
    ("connection closed", (ClosedError, HTTPConnectionClosed, ConnectionError)),
    ("not decodable", (zlib.error, requests.exceptions.ContentDecodingError)),
    ("not HTTP", (HTTPParseError, http.client.HTTPException, requests.exceptions.InvalidHeader)),
)
"""Name and the exceptions that it stands for. A special exception comes before the general one that it is a case of."""


def name_failure(exception: BaseException) -> str:
    """Name a request's failure: a task's own words, a name from `FAILURE_NAMES`, or the exception's class.

    Ends the process if the machine, not the server, caused the failure.
    """
    if isinstance(exception, CatchResponseError):
        return str(exception)[:MAX_NAME_LENGTH]
    causes = list(_causes(exception))
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno in RESOURCE_ERRNOS:
            end_process(f"cannot send more requests: {os.strerror(cause.errno)}", OUT_OF_RESOURCES)
    for name, classes in FAILURE_NAMES:
        if any(isinstance(cause, classes) for cause in causes):
            return name
    return type(exception).__name__


def _causes(exception: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and the exceptions that caused it, the outermost first."""
    while exception is not None:
        yield exception
        exception = exception.__cause__ or exception.__context__


def end_process(reason: str, code: int) -> NoReturn:
    """End this process at once, with a reason on standard error."""
    with contextlib.suppress(OSError):  # the log may be on the same full disk
        print(reason, file=sys.stderr, flush=True)
    os._exit(code)
