"""What it costs a Locust worker at full speed to record every request: requests/s with the recorder over without it.

The two sides differ in `--records` only. Both run the project's own users against a server that never limits them.
"""

import csv
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.processes import free_port, running, wait_for_port
from benchmarks.side_by_side import compare

WINDOW_S = 5
PAIRS = 6
MIN_RATIOS = {"AlbumFastHttpUser": 0.93, "AlbumHttpUser": 0.97}


def measure_rate(user: str, port: int, *, record: bool) -> float:
    """Run one worker at full speed; return requests per second by Locust's own count."""
    with tempfile.TemporaryDirectory() as folder:
        master_port = str(free_port())
        common = ["locust", "--locustfile", "locustfiles/albums.py", "--host", f"http://127.0.0.1:{port}"]
        common += ["--expect-workers", "1", "--waiting", '{"uniform": [0, 0]}', "--mix", '{"get_album": 1}']
        common += ["--albums", "1"]
        worker = [*common, "--worker", "--master-port", master_port]
        worker += ["--records", f"{folder}/records"] if record else []
        master = [*common, "--headless", "--master", "--master-bind-host", "127.0.0.1"]
        master += ["--master-bind-port", master_port, "--users", "20", "--spawn-rate", "20", "--only-summary"]
        master += ["--warm-up", "1", "--window", str(WINDOW_S), "--timeline", f"{folder}/timeline"]
        master += ["--csv", f"{folder}/locust", "--stop-timeout", "5"]
        with running(*worker, user), running(*master, user) as leader:
            leader.wait(60)
        with Path(folder, "locust_stats.csv").open(encoding="utf-8") as file:
            [total] = [row for row in csv.DictReader(file) if row["Name"] == "Aggregated"]
        if total["Failure Count"] != "0":
            raise RuntimeError(f"{total['Failure Count']} requests failed")
        return int(total["Request Count"]) / (WINDOW_S + 1)


def main() -> None:
    """Print one line per user class."""
    port = free_port()
    with running("benchmarks.constant_server", str(port)):
        wait_for_port(port)
        for user, min_ratio in MIN_RATIOS.items():
            rate = partial(measure_rate, user, port)
            comparison = compare(partial(rate, record=True), partial(rate, record=False), PAIRS)
            print(comparison.line(f"recording every request, {user}", min_ratio), flush=True)


if __name__ == "__main__":
    main()
