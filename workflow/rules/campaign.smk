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

from loadstone.lifecycle.campaign_lock import CampaignEntry
from loadstone.lifecycle.shutdown import end_with_driver, forward_signals
from loadstone.lifecycle.short_log import shorten_log
from loadstone.measure.check_target import check_targets

end_with_driver()
if not workflow.output_settings.dryrun and not workflow.output_settings.verbose:
    shorten_log(snakemake.logging.logger, workflow.output_settings.quiet)
CAMPAIGN_ENTRY = CampaignEntry(Path(".snakemake"))
snakemake.exceptions.LockException = CAMPAIGN_ENTRY.wrap_lock_exception(snakemake.exceptions.LockException)


def refuse_broken_targets():
    """Exit with one line per problem if a server of the runs that are left cannot be measured."""
    jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name in ("measure", "search")]
    names = {job.wildcards.get("experiment") or job.wildcards.get("search") for job in jobs}
    if names and (problems := check_targets(PLAN, Path(SUITE_FOLDER), names)):
        sys.exit("\n".join(f"loadstone: {problem}" for problem in problems))


onstart:
    refuse_broken_targets()
    workflow.scheduler.job_rate_limiter = None
    CAMPAIGN_ENTRY.mark_running()
    forward_signals(workflow.scheduler.exit_gracefully)
