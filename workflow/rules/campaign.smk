"""Campaign: Snakemake's own behaviour while it runs jobs, as far as that is not what a measurement needs.

- Its limit on jobs a second (100, with no option to have none) looks at all waiting jobs again a second after each look,
  and once more a second for each job that has ended: with a hundred runs that takes half a CPU
  (docs/decisions/0014).
- Its locks outlive it when it is killed, and don't tell whose they are; signals that it gets don't reach its jobs
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
