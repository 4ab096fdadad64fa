"""Report: one HTML page that needs no network.

in:   results/plan.json, summary.csv, scaling.json, verdicts.json, repeats.json, hypotheses.json, the tables and the
      run.json of all runs, the searches, the published table, the sources of loadstone/report/
out:  report/index.html
"""


rule report:
    """Write the report."""
    input:
        ALL_SUMMARIES,
        of_campaign(rules.measure.output.record),
        sources=REPORT_SOURCES,
        plan=rules.plan.output.plan,
        summary=rules.analyse.output.summary,
        scaling=rules.analyse.output.scaling,
        verdicts=rules.analyse.output.verdicts,
        repeats=rules.analyse.output.repeats,
        hypotheses=rules.analyse.output.hypotheses,
        searches=ALL_SEARCHES,
        looks=looks_taken,
        published=PUBLISHED_TABLE,
    output:
        page=report("report/index.html", caption="../captions/page.rst", category="Report"),
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    params:
        published=PUBLISHED_OPTION,
    shell:
        r"""
        exec loadstone report \
            --plan {input.plan:q} \
            --results results \
            --output {output.page:q} \
            --damaged results/damaged \
            {params.published:q} \
            2> >(tee {log:q} >&2)
        """


onsuccess:
    if Path(rules.report.output.page).exists() and DRIVER not in os.environ:  # `loadstone run` prints it by itself
        shell("loadstone conclude --results results --page {rules.report.output.page:q} {PUBLISHED_OPTION:q} >&2")
