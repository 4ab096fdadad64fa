"""What it costs a Locust worker at full speed to record every request: requests/s with the recorder over without it.

Both sides run the same users against a server that never limits them. The recorded side has all that a run adds to its
workers: recorder, numbered users, replaced waits for the users of the album API, guarded connections for users of a
person's own. The other side is plain Locust, whose master Loadstone conducts.
"""

import csv
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.processes import free_port, running, wait_for_port
from benchmarks.side_by_side import compare

WINDOW_S = 5
PAIRS = 6
ALBUMS, OWN = "locustfiles/albums.py", "benchmarks/own_users.py"
MIN_RATIOS = {
    (ALBUMS, "AlbumFastHttpUser"): 0.93,
    (ALBUMS, "AlbumHttpUser"): 0.97,
    (OWN, "OwnFastHttpUser"): 0.93,
    (OWN, "OwnHttpUser"): 0.97,
}
INSTRUMENT = "workflow/loadstone/instrument/loadstone_instrument.py"


def measure_rate(file: str, user: str, port: int, *, record: bool) -> float:
    """Run one worker at full speed; return requests per second by Locust's own count."""
    with tempfile.TemporaryDirectory() as folder:
        master_port = str(free_port())
        common = ["locust", user, "--locustfile", f"{file},{INSTRUMENT}", "--host", f"http://127.0.0.1:{port}"]
        common += ["--expect-workers", "1", "--stop-timeout", "5"]
        common += ["--mix", '{"get_album": 1}', "--albums", "1"] if file == ALBUMS else []
        worker = [*common, "--worker", "--master-port", master_port]
        if record:
            worker += ["--loadstone-records", f"{folder}/records"]
            worker += ["--loadstone-waiting", '{"uniform": [0, 0]}'] if file == ALBUMS else []
            worker += ["--loadstone-hosts", '["127.0.0.1"]'] if file == OWN else []
        master = [*common, "--headless", "--master", "--master-bind-host", "127.0.0.1"]
        master += ["--master-bind-port", master_port, "--users", "20", "--spawn-rate", "20", "--only-summary"]
        master += ["--loadstone-warm-up", "1", "--loadstone-window", str(WINDOW_S)]
        master += ["--loadstone-timeline", f"{folder}/timeline", "--csv", f"{folder}/locust"]
        with running(*worker), running(*master) as leader:
            leader.wait(60)
        with Path(folder, "locust_stats.csv").open(encoding="utf-8") as stats:
            [total] = [row for row in csv.DictReader(stats) if row["Name"] == "Aggregated"]
        if total["Failure Count"] != "0":
            raise RuntimeError(f"{total['Failure Count']} requests failed")
        return int(total["Request Count"]) / (WINDOW_S + 1)


def main() -> None:
    """Print one line per user class."""
    port = free_port()
    with running("benchmarks.constant_server", str(port)):
        wait_for_port(port)
        for (file, user), min_ratio in MIN_RATIOS.items():
            rate = partial(measure_rate, file, user, port)
            comparison = compare(partial(rate, record=True), partial(rate, record=False), PAIRS)
            print(comparison.line(f"recording every request, {user}", min_ratio), flush=True)


if __name__ == "__main__":
    main()
