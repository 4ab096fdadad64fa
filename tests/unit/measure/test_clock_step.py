"""A clock that was set is noticed. One that is slewed or read late is not."""

from hypothesis import given
from hypothesis import strategies as st

from loadstone.measure.clock_step import MAX_SLEW_PER_SECOND, MIN_STEP_S, ClockReading, ClockWatch

seconds = st.floats(0, 10, allow_subnormal=False)
delays = st.floats(0, 3, allow_subnormal=False)
slews = st.floats(-0.99 * MAX_SLEW_PER_SECOND, 0.99 * MAX_SLEW_PER_SECOND)
looks = st.lists(st.tuples(seconds, delays, st.floats(0, 1), slews), min_size=1, max_size=30)
UNIX = 1_800_000_000.0


class Clocks:
    """Two clocks, read in turn with delays between the readings."""

    def __init__(self) -> None:
        self.monotonic, self.offset = 1000.0, UNIX

    def read(self, passed: float, delay: float, share: float, slew: float) -> ClockReading:
        before = self.monotonic + passed
        self.offset += slew * passed
        self.monotonic = before + delay
        return ClockReading(before, before + share * delay + self.offset, self.monotonic)


@given(looks)
def test_slewing_and_late_reading_are_no_step(course: list[tuple[float, float, float, float]]) -> None:
    clocks = Clocks()
    watch = ClockWatch(clocks.read(0, 0, 0, 0))
    assert [watch.step(clocks.read(*look)) for look in course] == [None] * len(course)


@given(looks, st.floats(-1e6, 1e6).filter(lambda step: abs(step) > 1), st.floats(0, 0.25), st.floats(0, 0.05))
def test_every_step_beyond_the_limit_is_told_once(
    course: list[tuple[float, float, float, float]], size: float, passed: float, delay: float
) -> None:
    clocks = Clocks()
    watch = ClockWatch(clocks.read(0, 0, 0, 0))
    for look in course:
        watch.step(clocks.read(*look))
    watch.step(clocks.read(0.25, 0.0, 0, 0))
    clocks.offset += size
    step = watch.step(clocks.read(passed, delay, 0.5, 0))
    assert step is not None
    assert abs(size) - delay - 1e-3 <= abs(step.seconds) <= abs(size) + 1e-3
    assert (step.seconds > 0) == (size > 0)
    assert watch.step(clocks.read(0.25, 0.0, 0, 0)) is None


def test_smallest_step() -> None:
    for size, seen in (
        (MIN_STEP_S, False),
        (MIN_STEP_S + MAX_SLEW_PER_SECOND * 0.25 + 1e-3, True),
        (-MIN_STEP_S - 0.03, True),
    ):
        watch = ClockWatch(ClockReading(10, 110, 10))
        assert (watch.step(ClockReading(10.25, 110.25 + size, 10.25)) is not None) == seen


def test_sentence_says_by_how_much_and_when() -> None:
    forward = ClockWatch(ClockReading(10, 110, 10)).step(ClockReading(10.25, 3710.25, 10.25))
    back = ClockWatch(ClockReading(10, 110, 10)).step(ClockReading(10.25, 50.25, 10.25))
    assert forward is not None
    assert back is not None
    assert forward.sentence.startswith("the clock was set forward by 3600.0 s at ")
    assert "or the machine slept" in forward.sentence
    assert back.sentence.startswith("the clock was set back by 60.0 s at ")
    assert "slept" not in back.sentence
