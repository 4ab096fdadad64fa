"""What a request failed of, by a name; and what is no failure of the server but of the machine that loads it.

Both clients' failures have the same names:

    HTTP 500            a status other than the one expected
    not JSON, …         what a task says of an answer that it can't use
    connection refused  nobody listens
    connection closed   before an answer began
    body cut short      the connection ended inside the answer's body
    larger than 16 MB   so much was read, then the connection was closed
    not HTTP            the answer is none
    not decodable       packed in another way than it says
    timed out           no answer, or no more of it, for as long as the client waits

Any other has the name of its exception's class. A worker process that has no more files, ports or memory to ask with,
or can't write what it recorded, measures itself: it says so and ends with exit code `OUT_OF_MEANS` or
`CAN_NOT_RECORD`.
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
"""Bytes of one response that a client reads: far more than any answer that is worth loading a server with, and little
enough that fifty users can hold as much at once."""

OUT_OF_MEANS = 71  # EX_OSERR of sysexits.h
CAN_NOT_RECORD = 74  # EX_IOERR
MEANS = (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM)


class TooLargeError(requests.RequestException, HTTPParseError):
    """A response is larger than `MAX_BYTES`. Each client takes it for an error of its own."""


class BodyCutShortError(HTTPParseError):
    """The connection ended inside a response's body."""


class ClosedError(HTTPParseError):
    """The connection ended before a response began; unlike `HTTPConnectionClosed` no reason to try again."""


KINDS: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
    (f"larger than {MAX_BYTES // 2**20} MB", (TooLargeError,)),
    ("body cut short", (BodyCutShortError, requests.exceptions.ChunkedEncodingError, http.client.IncompleteRead)),
    ("connection refused", (ConnectionRefusedError,)),
    ("timed out", (TimeoutError, Timeout, requests.Timeout)),
    ("connection closed", (ClosedError, HTTPConnectionClosed, ConnectionError)),
    ("not decodable", (zlib.error, requests.exceptions.ContentDecodingError)),
    ("not HTTP", (HTTPParseError, http.client.HTTPException, requests.exceptions.InvalidHeader)),
)
"""Kind and the exceptions that mean it; a special one stands before what it is a case of."""


def kind_of(exception: BaseException) -> str:
    """Name a failure so that equal failures have equal names: a check's own words, a kind, else the exception's class.

    Ends the process where it is no failure of the server's.
    """
    if isinstance(exception, CatchResponseError):
        return str(exception)[:120]
    causes = list(_causes(exception))
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno in MEANS:
            end_worker(f"can't ask the server any more: {os.strerror(cause.errno)}", OUT_OF_MEANS)
    for kind, classes in KINDS:
        if any(isinstance(cause, classes) for cause in causes):
            return kind
    return type(exception).__name__


def _causes(exception: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what it came from, the outermost first."""
    while exception is not None:
        yield exception
        exception = exception.__cause__ or exception.__context__


def end_worker(reason: str, code: int) -> NoReturn:
    """End this process at once, with a reason on standard error: what it measured from now on would be itself."""
    with contextlib.suppress(OSError):  # the log may lie on a full disk, too
        print(reason, file=sys.stderr, flush=True)
    os._exit(code)
