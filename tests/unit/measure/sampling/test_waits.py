"""System calls are read as the states that they stand for, on both machines."""

import struct

import pytest

from loadstone.measure.sampling import waits
from loadstone.measure.sampling.waits import CALLS, combine, names_of_calls, read_wait, state_of_kernel_function
from loadstone.results.thread_state import ThreadState


def no_memory(address: int, size: int) -> bytes:
    raise AssertionError(f"memory is not needed: {size} bytes at {address}")


def line(name: str, *arguments: int, machine: int = 0) -> bytes:
    number = CALLS[name][machine]
    words = [*arguments, *[0] * (6 - len(arguments)), 0x7FFC0000, 0x7F000000]
    return f"{number} {' '.join(map(hex, words))}\n".encode()


@pytest.fixture(autouse=True)
def x86_64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "NAMES", names_of_calls("x86_64"))


def test_numbers_of_calls_are_unique() -> None:
    assert len(names_of_calls("x86_64")) == len(CALLS)
    assert len(names_of_calls("aarch64")) == len(CALLS) - sum(arm is None for _, arm in CALLS.values())
    assert names_of_calls("aarch64")[98] == names_of_calls("x86_64")[202] == "futex"


@pytest.mark.parametrize(
    ("name", "state"),
    [("futex", "lock"), ("clock_nanosleep", "sleep"), ("accept4", "accept"), ("epoll_pwait", "events"),
     ("wait4", "pipe"), ("connect", "downstream")],
)  # fmt: skip
def test_calls_that_say_it_themselves(name: str, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_wait(line(name), no_memory) == ThreadState(state)
    monkeypatch.setattr(waits, "NAMES", names_of_calls("aarch64"))
    assert read_wait(line(name, machine=1), no_memory) == ThreadState(state)


def test_reading_and_writing_wait_for_a_descriptor() -> None:
    assert read_wait(line("recvfrom", 7), no_memory) == (7,)
    assert read_wait(line("write", 5), no_memory) == (5,)


def test_poll_waits_for_the_descriptors_in_its_array() -> None:
    memory = struct.pack("=ihhihh", 9, 1, 0, -1, 1, 0)
    assert read_wait(line("poll", 0x1000, 2), lambda address, size: memory[:size]) == (9,)
    assert read_wait(line("ppoll", 0x1000, 0), no_memory) == ThreadState.SLEEP
    assert read_wait(line("poll", 0x1000, 100), no_memory) == ThreadState.EVENTS


def test_select_waits_for_the_descriptors_in_its_sets() -> None:
    sets = {0x1000: (1 << 3 | 1 << 66).to_bytes(16, "little"), 0x2000: (1 << 4).to_bytes(16, "little")}
    assert read_wait(line("select", 67, 0x1000, 0x2000), lambda address, size: sets[address][:size]) == (3, 4, 66)
    assert read_wait(line("pselect6", 0, 0, 0), no_memory) == ThreadState.SLEEP
    assert read_wait(line("select", 600, 0x1000), lambda address, size: b"\xff" * size) == ThreadState.EVENTS


def test_what_the_kernel_does_not_show_is_another_state() -> None:
    assert read_wait(b"running\n", no_memory) == ThreadState.RUNNING
    assert read_wait(b"-1 0x7ffc 0x7f00\n", no_memory) == ThreadState.OTHER
    assert read_wait(b"9999 0x0 0x0 0x0 0x0 0x0 0x0 0x7ffc 0x7f00\n", no_memory) == ThreadState.OTHER
    with pytest.raises(ValueError, match="invalid literal"):
        read_wait(b"no number\n", no_memory)


def test_kernel_functions_name_what_needs_no_descriptor() -> None:
    assert state_of_kernel_function("futex_wait_queue") == ThreadState.LOCK
    assert state_of_kernel_function("wait_woken") == ThreadState.OTHER
    assert state_of_kernel_function("0") == ThreadState.OTHER


def test_a_pipe_that_wakes_a_thread_does_not_hide_what_it_waits_for() -> None:
    assert combine({ThreadState.ACCEPT, ThreadState.PIPE}) == ThreadState.ACCEPT
    assert combine({ThreadState.PIPE}) == ThreadState.PIPE
    assert combine({ThreadState.ACCEPT, ThreadState.CLIENT}) == ThreadState.EVENTS
    assert combine({ThreadState.OTHER, ThreadState.PIPE}) == ThreadState.EVENTS
