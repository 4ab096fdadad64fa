"""Logs of other load tools, written as those tools write them, of a load whose answers are known."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

HEAD = (
    "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,"
    "grpThreads,allThreads,URL,Latency,IdleTime,Connect"
)
BEGIN_MS = 1_752_745_569_000


@dataclass(frozen=True)
class Sent:
    """A request, in milliseconds since the begin."""

    start: int
    elapsed: int
    user: int
    failed: bool

    @property
    def end(self) -> int:
        """When it ended."""
        return self.start + self.elapsed


def send(
    users: int, seconds: float, think_s: tuple[float, float], response_ms: int, *, failed: float = 0.0, seed: int = 1
) -> list[Sent]:
    """Let users who start 100 ms apart send requests for some seconds: a closed load, in order of the ends."""
    chance = random.Random(seed)
    sent = []
    for user in range(users):
        now = 100 * user
        while now < 1000 * seconds:
            elapsed = chance.randint(response_ms // 2, response_ms + response_ms // 2)
            sent.append(Sent(now, elapsed, user, chance.random() < failed))
            now += elapsed + round(1000 * chance.uniform(*think_s))
    return sorted(sent, key=attrgetter("end"))


def jtl(sent: list[Sent]) -> str:
    """Write JMeter's log with its default columns."""
    return "\n".join([HEAD, *_jtl_rows(sent)]) + "\n"


def _jtl_rows(sent: list[Sent]) -> Iterator[str]:
    users = 1 + max(each.user for each in sent)
    for each in sent:
        running = min(users, 1 + each.end // 100)
        code, message, success = ("500", "Internal Server Error", "false") if each.failed else ("200", "OK", "true")
        yield (
            f"{BEGIN_MS + each.start},{each.elapsed},List albums,{code},{message},Users 1-{each.user},text,{success},,"
            f"1489,140,{running},{running},http://localhost/albums,{each.elapsed},0,1"
        )


def request_log(sent: list[Sent]) -> str:
    """Write a CSV file like a listener of Locust's `request` event."""
    rows = (
        f"{(BEGIN_MS + each.end) / 1000:.3f},GET,/albums,{each.elapsed},{not each.failed},{each.user}" for each in sent
    )
    return "\n".join(["timestamp,request_type,name,response_time,success,user", *rows]) + "\n"


def gatling(sent: list[Sent], *, with_users: bool = False) -> str:
    """Write Gatling's log as text: as 3.4 to 3.10 do, or with the users' numbers, as before."""
    users = 1 + max(each.user for each in sent)
    last = max(each.end for each in sent)
    lines = [(-1, f"RUN\tdemo.BasicSimulation\tbasicsimulation\t{BEGIN_MS}\t \t3.9.5")]
    for user in range(users):
        number = f"\t{user + 1}" if with_users else ""
        start, end = BEGIN_MS + 100 * user, BEGIN_MS + last
        began = f"{start}\t{start}" if with_users else f"{start}"
        ended = f"{start}\t{end}" if with_users else f"{end}"
        lines.append((100 * user, f"USER\tBasic{number}\tSTART\t{began}"))
        lines.append((last, f"USER\tBasic{number}\tEND\t{ended}"))
    for each in sent:
        number = f"\t{each.user + 1}" if with_users else ""
        start, end = BEGIN_MS + each.start, BEGIN_MS + each.end
        result = "KO\tstatus.find.is(200), but actually found 500" if each.failed else "OK\t "
        lines.append((each.end, f"REQUEST{number}\t\tList albums\t{start}\t{end}\t{result}"))
    return "\n".join(line for _, line in sorted(lines, key=lambda line: line[0])) + "\n"
