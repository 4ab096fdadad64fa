"""Failures that the bounded clients (`locustfiles.clients`) add to those of Locust's own.

Each names itself by `failure_name`, as Loadstone's recorder writes it.
"""

import requests
from geventhttpclient.response import HTTPParseError

MAX_BYTES = 16 * 2**20
"""Bytes of one response that a client reads: far more than any answer in a sensible load test, and few enough that
fifty users can hold one each at the same time."""


class TooLargeError(requests.RequestException, HTTPParseError):
    """A response is larger than `MAX_BYTES`. Each client treats it as one of its own errors."""

    failure_name = f"larger than {MAX_BYTES // 2**20} MB"


class BodyCutShortError(HTTPParseError):
    """The connection ended inside a response's body."""

    failure_name = "body cut short"


class ClosedError(HTTPParseError):
    """The connection ended before a response began. Unlike `HTTPConnectionClosed`, it makes no client try again."""

    failure_name = "connection closed"
