"""What Snakemake prints while it runs jobs, in place of every job's inputs."""

import enum
import logging
import sys

import pytest

from loadstone.lifecycle.short_log import MAX_LINES, ShortLog, shorten_log


class Event(enum.Enum):
    """As Snakemake's own."""

    RUN_INFO = "run_info"
    JOB_INFO = "job_info"
    JOB_FINISHED = "job_finished"
    JOB_ERROR = "job_error"
    PROGRESS = "progress"
    ERROR = "error"


def record(event: Event | None = None, text: str = "", **values: object) -> logging.LogRecord:
    made = logging.LogRecord("snakemake", logging.INFO, "", 0, text, (), None)
    made.__dict__.update(values, **({} if event is None else {"event": event}))
    return made


def run_jobs(log: ShortLog, runs: int, rule: str = "measure") -> None:
    log.filter(record(Event.RUN_INFO, stats={rule: runs, "summarise": runs}))
    for job in range(runs):
        for number, name in ((job, rule), (runs + job, "summarise")):
            wildcards = {"experiment": "a", "repeat": str(job + 1)}
            assert not log.filter(record(Event.JOB_INFO, jobid=number, rule_name=name, wildcards=wildcards))
            assert not log.filter(record(Event.JOB_FINISHED, job_id=number))
            assert not log.filter(record(Event.PROGRESS, done=job, total=2 * runs))


def test_a_small_campaign_has_a_line_per_run(capsys: pytest.CaptureFixture[str]) -> None:
    run_jobs(ShortLog(), 3)
    assert capsys.readouterr().err.splitlines() == [f"[{n}/3] a, repeat {n} measured" for n in (1, 2, 3)]


@pytest.mark.parametrize("runs", [51, 100, 1000])
def test_a_large_campaign_has_a_bounded_number_of_lines(runs: int, capsys: pytest.CaptureFixture[str]) -> None:
    run_jobs(ShortLog(), runs)
    lines = capsys.readouterr().err.splitlines()
    assert MAX_LINES <= len(lines) <= MAX_LINES + 1
    assert lines[-1] == f"[{runs}/{runs}] a, repeat {runs} measured"


def test_a_failed_job_is_one_line_with_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    log = ShortLog({"PROGRESS"})
    log.filter(record(Event.JOB_INFO, jobid=1, rule_name="search", wildcards={"search": "most"}))
    assert not log.filter(record(Event.ERROR, "a command of ten kilobytes", exception="RuleException"))
    assert not log.filter(record(Event.JOB_ERROR, jobid=1, rule_name="search", log=["results/logs/most.log"]))
    assert log.filter(record(Event.ERROR, "At least one job failed", exception="WorkflowError"))
    assert capsys.readouterr().err == "Error in rule search (most), see results/logs/most.log\n"


def test_what_is_said_about_the_whole_campaign_stays() -> None:
    log = ShortLog()
    assert log.filter(record(Event.RUN_INFO, stats={"measure": 1}))
    assert log.filter(record(text="Nothing to be done"))
    assert not log.filter(record(text="Select jobs to execute..."))


def test_only_the_printing_handler_is_shortened() -> None:
    logger = logging.Logger("snakemake")
    for name in ("DefaultStreamHandler", "DefaultLogFileHandler"):
        handler = logging.StreamHandler(sys.stderr)
        handler.name = name
        logger.addHandler(handler)
    shorten_log(logger, None)
    assert [len(handler.filters) for handler in logger.handlers] == [1, 0]
