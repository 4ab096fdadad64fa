"""Campaign: change what Snakemake does while it runs jobs, where that would disturb measurements.

- Snakemake limits itself to 100 jobs per second, and no option switches the limit off. It looks at all waiting jobs
  again one second after each look, and once more per second for each job that has ended: with a hundred runs this takes
  half a CPU (docs/decisions/0014).
- Snakemake's locks outlive it when it is killed, and do not name their owner; its signals do not reach its jobs
  (docs/decisions/0016).
"""

from pathlib import Path

import snakemake.exceptions

from loadstone.lifecycle.campaign_lock import Attendance
from loadstone.lifecycle.shutdown import pass_on_signals

AT_WORK = Attendance(Path(".snakemake"))
snakemake.exceptions.LockException = AT_WORK.explaining(snakemake.exceptions.LockException)


onstart:
    workflow.scheduler.job_rate_limiter = None
    AT_WORK.begin()
    pass_on_signals(workflow.scheduler.exit_gracefully)
