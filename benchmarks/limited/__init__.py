"""Small servers, each with one built-in limit of its throughput: what the trial of the verdicts measures."""
