"""Experiments: each is a target of its own name, so that `snakemake fifty-users` runs just that one.

in:   the tables of the experiment's runs
out:  nothing of its own
"""

for experiment in PLAN.suite.experiments:

    rule:
        name:
            experiment
        input:
            of_runs(rules.measure.output, experiment),
            of_runs(rules.summarise.output, experiment),


for name in PLAN.suite.capacity:

    rule:
        name:
            name
        input:
            expand(rules.search.output.found, search=name),
