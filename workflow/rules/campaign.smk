"""Campaign: changes of Snakemake's own behaviour while it runs jobs, where it would disturb a measurement.

- Its limit on jobs per second (100; it cannot be switched off) examines all waiting jobs again a second after each
  examination, and once more per second for each job that has ended. With a hundred runs that takes half a CPU
  (docs/decisions/0014).
- Its locks stay when it is killed, and do not name their process; signals that it receives do not reach its jobs
  (docs/decisions/0016).
"""

from pathlib import Path

import snakemake.exceptions

from loadstone.lifecycle.campaign_lock import CampaignEntry
from loadstone.lifecycle.shutdown import end_with_driver, forward_signals

end_with_driver()
CAMPAIGN_ENTRY = CampaignEntry(Path(".snakemake"))
snakemake.exceptions.LockException = CAMPAIGN_ENTRY.wrap_lock_exception(snakemake.exceptions.LockException)


onstart:
    workflow.scheduler.job_rate_limiter = None
    CAMPAIGN_ENTRY.mark_running()
    forward_signals(workflow.scheduler.exit_gracefully)
