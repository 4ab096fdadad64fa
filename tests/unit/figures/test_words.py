"""What heads of columns mean, in the words of tools and people."""

import pytest

from loadstone.figures.words import understand

HEADS = {
    "users": "users|Users|concurrency|Concurrent Users|concurrent_users|vus|VUs|User Count|connections|"
    "Connections (open)|# of Users|Number of users|Virtual Users (VUs)|Benutzer|Gleichzeitige Benutzer|"
    "Utilisateurs simultanés|Threads|clients|Concurrency Level|Active Threads|n",
    "requests": "requests|Request Count|Total Requests|# Samples|requestCount|Anfragen|# échantillons|ops|"
    "Number of Requests|Completed requests|count",
    "successes": "Successful Requests|OK",
    "failures": "failures|Failed requests|Total Failures|Errors|Error count|KO|req_failed|Fehler",
    "failed_share": "error rate|Error %|% Erreur|fail ratio|Error Rate (%)|Failure rate|Fehlerquote %",
    "success_share": "success rate|Success %|Availability",
    "failures_per_s": "Failures/s|failures/sec",
    "rps": "rps|RPS|Requests/sec|requests/s|requests_per_second|throughput|Throughput (req/s)|throughput_rps|"
    "Avg RPS|Total RPS|TPS|reqPerSec|Anfragen/s|Durchsatz|Débit|Peak Throughput|ops/sec|Request rate|"
    "requests per minute|x",
    "mean": "mean_ms|avg_ms|Avg Response Time|Average Response Time (ms)|avg_latency|avgLatency|resp_time|"
    "Latency [s]|Mean latency, ms|Mean Response Time in ms|Mittelwert (ms)|Moyenne|"
    "Temps de réponse moyen (ms)|Average|Avg. Latency|http_req_duration|rt_ms|aggregated_avg_ms",
    "quantile": "Median (ms)|median|95%ile (ms)|p95|p(95)|P99.9|90% Line|95th percentile|Latency p99|p999|50%|"
    "95e centile",
    "max": "Max Response Time|Maximum|max latency (ms)|100%|Slowest (s)",
    "duration": "duration_s|Duration|test_duration|Total Test Time (s)|Elapsed Time|time_s|Dauer (s)|duration min|"
    "run time|Time taken for tests",
    "think": "think_time|think_s|Think time (s)|wait time|z",
    "think_low": "think_low_s|min_wait_s",
    "think_high": "think_max_s|max_wait_s",
    "spawn_rate": "Spawn Rate",
    "ramp": "ramp-up (s)|ramp_s",
    "label": "row|name|Scenario|tool|Configuration|Deployment|Test|test name",
}
UNKNOWN = (
    "requests per user|target rps|Transfer/sec|throughput (MB/s)|Received KB/sec|CPU %|Memory (MB)|Min Response Time|"
    "Response time min|Average Content Size|get_albums_avg_ms|user_class|locust_workers|worker class|Status|time|"
    "Std Dev|connections per second|iterations|" + "long " * 30
)


@pytest.mark.parametrize(("name", "head"), [(name, head) for name, heads in HEADS.items() for head in heads.split("|")])
def test_head_is_understood(name: str, head: str) -> None:
    found = understand(head)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("head", UNKNOWN.split("|"))
def test_head_with_a_word_that_is_not_explained_has_no_meaning(head: str) -> None:
    assert understand(head) is None


@pytest.mark.parametrize(
    ("head", "unit"),
    [
        *(
            ("mean_ms", 0.001),
            ("Latency [s]", 1),
            ("latency (us)", 1e-6),
            ("Mean latency, ms", 0.001),
            ("duration min", 60),
        ),
        *(("Error %", 0.01), ("requests per minute", 1 / 60), ("RPM", 1 / 60), ("rps", 1), ("Median", None)),
    ],
)
def test_unit_of_a_head(head: str, unit: float | None) -> None:
    found = understand(head)
    assert found is not None
    assert found.unit == unit


@pytest.mark.parametrize(
    ("head", "share"), [("p95", 0.95), ("P99.9", 0.999), ("p999", 0.999), ("median", 0.5), ("50%", 0.5)]
)
def test_share_of_a_quantile(head: str, share: float) -> None:
    found = understand(head)
    assert found is not None
    assert found.quantile == share
