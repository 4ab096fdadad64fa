"""The parts of the trial of the verdicts: its cases, how one is measured, and how its verdict is graded."""
