"""Addresses in a suite: what a URL may be, and which hosts are this machine."""

import ipaddress
import re
from urllib.parse import urlsplit

URL = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?:[0-9]{1,5}|\{port\}))?(?:/[A-Za-z0-9._~/%-]*)?"
)


def check_url(url: str) -> str:
    """Accept `http://HOST:PORT/PATH` or https; return it without a trailing slash. Raises ValueError for anything else.

    A user name passes: the server's model refuses it with a message that does not repeat the password.
    """
    try:
        parts = urlsplit(url.replace("{port}", "1"))
        bare = url.replace(f"{url.partition('://')[2].rpartition('@')[0]}@", "", 1) if "@" in parts.netloc else url
        if parts.port == 0 or not URL.fullmatch(bare):
            raise ValueError
    except ValueError:
        raise ValueError("http://HOST:PORT or https://HOST:PORT, with a base path or without") from None
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether `host`, judged by its text alone, can only be this machine: 127.0.0.0/8, ::1 or localhost."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
