"""Locust's two HTTP clients, made safe against a misbehaving server, with the same failure names for both.

Neither client reads more than `MAX_BYTES` of a response, compressed or decompressed. Neither retries: geventhttpclient
would send a GET up to twelve times when the server closes the connection, which hides failures and adds load that the
suite does not ask for. Neither follows a redirect, which could lead to another host (`REQUEST_OPTIONS`).

Locust has no option to choose these classes, so they replace Locust's own in the objects that it makes.
"""

import zlib
from collections.abc import Iterator
from typing import Any

import brotli  # type: ignore[import-untyped]
import geventhttpclient.client
import requests
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError, HTTPSocketPoolResponse
from locust.clients import HttpSession, LocustHttpAdapter
from locust.contrib.fasthttp import FastHttpSession, FastResponse, LocustUserAgent

from locustfiles.failures import MAX_BYTES, BodyCutShortError, ClosedError, TooLargeError

REQUEST_OPTIONS: dict[str, Any] = {"catch_response": True, "allow_redirects": False}
"""Options of every request: its task decides whether the answer is a failure, whatever the status."""


class _BoundedResponse(requests.Response):
    """The response of python-requests."""

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        """Yield the body in pieces. Raises `TooLargeError`."""
        size = 0
        for piece in super().iter_content(chunk_size, decode_unicode):
            size += len(piece)
            if size > MAX_BYTES:
                self.close()
                raise TooLargeError
            yield piece


class _BoundedAdapter(LocustHttpAdapter):
    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Make the response, before its body is read."""
        response = super().build_response(req, resp)
        response.__class__ = _BoundedResponse
        return response


class _BoundedPoolResponse(HTTPSocketPoolResponse):
    """The response of geventhttpclient, as it arrives."""

    _received = 0

    def feed(self, data: str | bytes) -> None:
        """Take bytes from the connection; b"" is its end."""
        self._received += len(data)
        if self._received > MAX_BYTES:
            raise TooLargeError
        super().feed(data)

    def _read_headers(self, pre_buffered: bytes = b"") -> None:
        try:
            super()._read_headers(pre_buffered)
        except HTTPConnectionClosed as error:
            raise ClosedError(str(error)) from None

    def read(self, length: int | None = None) -> bytes:
        """Read the body."""
        try:
            body: bytes = super().read(length)
        except (HTTPParseError, ConnectionError) as error:
            if isinstance(error, TooLargeError):
                raise
            raise BodyCutShortError(str(error)) from None
        return body


class _BoundedFastResponse(FastResponse):
    """Locust's wrapper around it."""

    def unzipped(self, gzip: bool = True, br: bool = False) -> bytes:
        """Decompress the body. Raises `TooLargeError`, and zlib.error if the body cannot be decompressed."""
        compressed: bytes = self.read()
        if br:
            return _decompress_brotli(compressed)
        try:
            return _decompress_zlib(compressed, 16 + zlib.MAX_WBITS if gzip else zlib.MAX_WBITS)
        except zlib.error:
            if gzip:
                raise
            return _decompress_zlib(
                compressed, -zlib.MAX_WBITS
            )  # deflate without zlib's frame, as some servers send it

    def _content(self) -> Any:
        try:
            return super()._content()  # type: ignore[no-untyped-call]
        except ValueError as error:  # an encoding that geventhttpclient doesn't know
            raise zlib.error(str(error)) from None


def _decompress_zlib(compressed: bytes, window_bits: int) -> bytes:
    decompressor = zlib.decompressobj(window_bits)
    return _refuse_partial(decompressor.decompress(compressed, MAX_BYTES + 1), decompressor.eof)


def _decompress_brotli(compressed: bytes) -> bytes:
    decompressor = brotli.Decompressor()
    try:
        body = decompressor.process(compressed, output_buffer_limit=MAX_BYTES + 1)
    except brotli.error as error:
        raise zlib.error(str(error)) from None
    return _refuse_partial(body, decompressor.is_finished())


def _refuse_partial(body: bytes, complete: bool) -> bytes:
    if len(body) > MAX_BYTES:
        raise TooLargeError
    if not complete:
        raise zlib.error("cut short")
    return body


class _Agent(LocustUserAgent):
    response_type = _BoundedFastResponse

    def _verify_status(self, status_code: int, url: Any = None) -> None:
        """Leave the status to the task: an error here would print the whole body, and fail if that is not text."""


def bound_http(session: HttpSession) -> None:
    """Bound what a user's python-requests client reads."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, _BoundedAdapter(pool_manager=None))


def bound_fast_http(session: FastHttpSession) -> None:
    """Bound what a user's geventhttpclient reads."""
    session.client.__class__ = _Agent


geventhttpclient.client.HTTPSocketPoolResponse = _BoundedPoolResponse  # type: ignore[attr-defined]
