"""Experiments and searches: each is a target of the same name, so that `snakemake fifty-users` runs only that one.

in:   the sure runs of the experiment and their tables, or the search
out:  nothing of its own
"""

for experiment in PLAN.suite.experiments:

    rule:
        name:
            experiment
        input:
            of_experiment(rules.measure.output, experiment),
            of_experiment(rules.summarise.output, experiment),


for name in PLAN.suite.capacity:

    rule:
        name:
            name
        input:
            expand(rules.search.output.found, search=name),
