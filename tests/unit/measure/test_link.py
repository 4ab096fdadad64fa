"""The speed of the network interface that leads to a server."""

import pytest

from loadstone.measure.machine import describe_machine, measure_link


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "192.0.2.1", "a" * 100])
def test_speed_is_a_positive_number_or_unknown(host: str) -> None:
    speed = measure_link(host)
    assert speed is None or speed > 0


def test_loopback_has_no_speed() -> None:
    assert measure_link("127.0.0.1") is None
    assert describe_machine().link_bytes_per_s is None
    assert "link" not in describe_machine().model_dump_json()
