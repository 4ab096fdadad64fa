"""Campaign: changes of Snakemake's own behaviour while it runs jobs, where it would disturb a measurement.

- Its limit on jobs per second (100; it cannot be switched off) examines all waiting jobs again a second after each
  examination, and once more per second for each job that has ended. With a hundred runs that takes half a CPU
  (docs/decisions/0014).
- It prints the inputs of every job, ten kilobytes of them. A line per failed job, and one now and then, are enough; its
  log file, a dry run and `--verbose` have it all.
- Its locks stay when it is killed, and do not name their process; signals that it receives do not reach its jobs
  (docs/decisions/0016).
"""

import sys
from pathlib import Path

import snakemake.exceptions
import snakemake.logging

from loadstone.errors import Interrupted
from loadstone.lifecycle.campaign_lock import CampaignEntry
from loadstone.lifecycle.shutdown import end_with_driver, forward_signals
from loadstone.lifecycle.short_log import shorten_log
from loadstone.measure.check_target import check_targets
from loadstone.measure.noise import check_before_campaign
from loadstone.measure.stop import StopRequest

end_with_driver()
if not workflow.output_settings.dryrun and not workflow.output_settings.verbose:
    shorten_log(snakemake.logging.logger, workflow.output_settings.quiet)
CAMPAIGN_ENTRY = CampaignEntry(Path(".snakemake"))
snakemake.exceptions.LockException = CAMPAIGN_ENTRY.wrap_lock_exception(snakemake.exceptions.LockException)


def list_measured():
    """Name the experiments and searches of the runs that are left to measure."""
    jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name in ("measure", "search")]
    return {job.wildcards.get("experiment") or job.wildcards.get("search") for job in jobs}


def refuse_broken_targets(names):
    """Exit with one line per problem if a server of these experiments and searches cannot be measured."""
    if names and (problems := check_targets(PLAN, Path(SUITE_FOLDER), names)):
        sys.exit("\n".join(f"loadstone: {problem}" for problem in problems))


def check_machine(names):
    """If runs will be measured, check the machine's noise: print a line, and append to results/noise.json."""
    if not names:
        return
    try:
        with StopRequest("noise check") as stop:
            check, problems = check_before_campaign(Path("results/noise.json"), stop)
    except Interrupted as error:
        sys.exit(f"loadstone: {error}")
    if not workflow.output_settings.quiet:
        from loadstone.analyse.noise import write_lines  # loads a statistics library, which a dry run does not need

        print(*write_lines(check, problems), sep="\n", file=sys.stderr, flush=True)


onstart:
    measured = list_measured()
    refuse_broken_targets(measured)
    check_machine(measured)
    workflow.scheduler.job_rate_limiter = None
    CAMPAIGN_ENTRY.mark_running()
    forward_signals(workflow.scheduler.exit_gracefully)
