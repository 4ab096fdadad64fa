"""A server that answers the first requests for an album, and redirects every second request after that."""

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ALBUM = b'{"id":"1","title":"Blue Train","artist":"John Coltrane","price":56.99}'
ANSWERED = 10
_requests = itertools.count()


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    number = next(_requests)
    if number < ANSWERED or number % 2:
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(ALBUM)))])
        return [ALBUM]
    host = environ["HTTP_HOST"].replace("127.0.0.1", "127.0.0.2")
    start_response("302 Found", [("Location", f"http://{host}{environ['PATH_INFO']}"), ("Content-Length", "0")])
    return []
