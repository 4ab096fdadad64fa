"""The command line: each stage of the workflow is one command, so that a logged step can be pasted and replayed."""

from pathlib import Path
from typing import Annotated

import typer

from loadstone.cli.compare_arguments import compare
from loadstone.cli.figures import figures
from loadstone.cli.options import Settings, overrides, read_option
from loadstone.cli.serve import serve
from loadstone.errors import SystemFault
from loadstone.files import replacing, write_bytes, write_text
from loadstone.results.quarantine import Damaged, setting_aside

app = typer.Typer(
    help="Rerun a suite of load experiments and learn how fast a server is, how it scales and what stops it.\n\n"
    "The whole job is `snakemake --cores all`; these commands are its steps, and `plan` shows what it would do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

SuitePath = Annotated[Path, typer.Argument(help="The suite.", show_default=True)]


@app.command()
def plan(
    suite: SuitePath = Path("config/config.yaml"),
    settings: Settings = None,
    output: Annotated[Path | None, typer.Option(help="Write the plan as JSON to this file instead.")] = None,
    results: Annotated[Path, typer.Option(help="Results of an earlier campaign, to tell its precision by.")] = Path(
        "results"
    ),
) -> None:
    """Show the runs of a suite in their order, how they differ, and how long they take.

    After a campaign it shows too how precise that was, and how many repeats the wanted precision takes.
    """
    from loadstone.plan.schedule import make_plan
    from loadstone.suite.load import load_suite

    laid_out = make_plan(load_suite(suite, overrides(settings)))
    if output is not None:
        with SystemFault.at(output):
            write_text(output, laid_out.model_dump_json(indent=1) + "\n")
    else:
        from loadstone.cli.plan import read_repeats, show_plan, show_precision

        show_plan(laid_out)
        repeats = read_repeats(results / "repeats.json")
        if repeats is not None:
            show_precision(laid_out, repeats)


@app.command()
def audit(
    table: Annotated[Path, typer.Argument(help="CSV with a row a test: users, requests, duration_s, rps, mean_ms, …")],
    think_time: Annotated[
        str | None, typer.Option(metavar="S[,S]", help="Think time in seconds: 1.5, or 1,2 for uniform.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check anybody's table of load-test results by arithmetic: contradictions, active users, what bound each row."""
    import orjson

    from loadstone.analyse.audit import audit as audit_rows
    from loadstone.cli.audit import as_json, show_audit
    from loadstone.suite.load_test_table import parse_think_time, read_load_test_table

    think = None if think_time is None else parse_think_time(think_time)
    found = audit_rows(read_load_test_table(table, think))
    if json:
        print(orjson.dumps(as_json(found), option=orjson.OPT_INDENT_2).decode())
    else:
        show_audit(found)


@app.command()
def verdict(
    signals: Annotated[Path, typer.Argument(help="JSON object: users, throughput, response_s, think_s, …")],
) -> None:
    """Judge signals that were measured anywhere: what bound the throughput, as JSON with evidence."""
    import orjson

    from loadstone.analyse.bottleneck import judge
    from loadstone.analyse.verdicts import verdict_json
    from loadstone.results.signals import read_signals

    print(orjson.dumps(verdict_json(judge(read_signals(signals))), option=orjson.OPT_INDENT_2).decode())


@app.command()
def measure(
    run: Annotated[str, typer.Option(help="The run as JSON, as the workflow passes it.")],
    into: Annotated[Path, typer.Option(help="Folder for the result; it appears complete or not at all.")],
    log: Annotated[Path, typer.Option(help="Log file.")],
    failed: Annotated[Path, typer.Option(help="Folder for requests and logs of a run that breaks, to be looked into.")],
) -> None:
    """Measure one run: start the server, apply the load, stop, keep every request."""
    from loadstone.measure.run import measure as measure_run
    from loadstone.plan.schedule import Run

    measure_run(read_option(Run, "--run", run), into, log, failed)


@app.command()
def search(
    search: Annotated[str, typer.Option(help="The search as JSON, as the workflow passes it.")],
    name: Annotated[str, typer.Option(help="Its name.")],
    seed: Annotated[int, typer.Option(help="The suite's seed.")],
    into: Annotated[Path, typer.Option(help="Folder for search.json and a folder for each probe.")],
    log: Annotated[Path, typer.Option(help="Log file.")],
    failed: Annotated[Path, typer.Option(help="Folder for requests and logs of probes that break.")],
) -> None:
    """Search the highest arrival rate that meets an objective: measure, judge, choose the next rate."""
    from loadstone.search.stage import search_capacity
    from loadstone.suite.capacity import Search

    print(search_capacity(read_option(Search, "--search", search), name, seed, into, log, failed).sentence)


@app.command()
def summarise(
    requests: Annotated[Path, typer.Option(help="requests.parquet of the run.")],
    processes: Annotated[Path, typer.Option(help="processes.parquet of the run.")],
    record: Annotated[Path, typer.Option(help="run.json of the run.")],
    into: Annotated[Path, typer.Option(help="Folder for the tables.")],
    run: Annotated[str | None, typer.Option(help="The run as JSON: what the record has to be of.")] = None,
    damaged: Damaged = None,
) -> None:
    """Sum up one run: endpoints, latency, course, heat and processes as CSV, window.json, signals.json, SHA256SUMS."""
    from loadstone.plan.schedule import Run
    from loadstone.results.run_record import read_record
    from loadstone.summarise.stage import summarise_run

    with setting_aside(damaged):
        known = read_record(record, None if run is None else read_option(Run, "--run", run))
        summary = summarise_run(known, requests, processes)
    summary.write(into)


@app.command()
def analyse(
    plan: Annotated[Path, typer.Option(help="plan.json.")],
    summaries: Annotated[Path, typer.Option(help="Folder of all runs' tables.")],
    summary: Annotated[Path, typer.Option(help="Where to write the table over all runs (CSV).")],
    scaling: Annotated[Path, typer.Option(help="Where to write the scaling fits (JSON).")],
    verdicts: Annotated[Path, typer.Option(help="Where to write what bound each run's throughput (JSON).")],
    repeats: Annotated[Path, typer.Option(help="Where to write how well repeats agree (JSON).")],
    hypotheses: Annotated[Path, typer.Option(help="Where to write what became of the suite's hypotheses (JSON).")],
    published: Annotated[Path | None, typer.Option(help="CSV of published figures that hypotheses are about.")] = None,
    damaged: Damaged = None,
) -> None:
    """Put all runs together: one table, the verdicts, the sweeps, how well repeats agree, what the suite claims."""
    import dataclasses

    import orjson

    from loadstone.analyse.campaign import load_measured
    from loadstone.analyse.hypotheses import judge_hypotheses
    from loadstone.analyse.repeats import repeats_json
    from loadstone.analyse.sweeps import analyse_sweeps
    from loadstone.analyse.verdicts import against_baselines, judge_campaign, unsound
    from loadstone.plan.file import read_plan
    from loadstone.results.integrity import write_sums
    from loadstone.results.tables import read_run_tables
    from loadstone.suite.load_test_table import read_rows_if_valid

    with setting_aside(damaged):
        known = read_plan(plan)
        measured = load_measured(known, summaries)
    signals = against_baselines(known, measured.signals)
    judged = judge_campaign(known, signals)
    measured = dataclasses.replace(measured, unsound=unsound(judged))
    bound = {name: found["verdict"] for name, found in judged["experiments"].items()}
    precision = {name: settings.precision for name, settings in known.experiments.items()}
    results: dict[Path, object] = {
        verdicts: judged,
        scaling: analyse_sweeps(measured, signals, bound),
        repeats: repeats_json(measured.figures(list(known.experiments)), precision, known.suite.thresholds),
        hypotheses: judge_hypotheses(
            measured, read_run_tables(known, summaries, "processes"), judged, read_rows_if_valid(published)
        ),
    }
    with SystemFault.at(summary.parent):
        with replacing(summary) as new:
            measured.summary.to_csv(new, index=False)
        for path, found in results.items():
            write_bytes(path, orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        write_sums(summary.parent, [path.name for path in (summary, *results) if path.parent == summary.parent])


@app.command()
def gate(
    hypotheses: Annotated[Path, typer.Argument(help="hypotheses.json.")],
    damaged: Damaged = None,
) -> None:
    """Fail where a hypothesis that the suite makes a gate is refuted: a line for each, and exit code 1."""
    from loadstone.cli.gate import check_gates

    with setting_aside(damaged):
        print(check_gates(hypotheses))


@app.command()
def report(
    plan: Annotated[Path, typer.Option(help="plan.json.")],
    results: Annotated[Path, typer.Option(help="Folder with runs/, summaries/, summary.csv and scaling.json.")],
    output: Annotated[Path, typer.Option(help="The page.")],
    published: Annotated[Path | None, typer.Option(help="CSV of published figures to set ours against.")] = None,
    damaged: Damaged = None,
) -> None:
    """Write the report: one HTML file that needs no network."""
    from loadstone.plan.file import read_plan
    from loadstone.report.data import load_campaign
    from loadstone.report.page import render

    with setting_aside(damaged):
        campaign = load_campaign(read_plan(plan), results, published)
    page = render(campaign)
    with SystemFault.at(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        write_text(output, page)


@app.command()
def calibrate(
    results: Annotated[Path, typer.Option(help="Results of a campaign on a known demand.")] = Path("results"),
) -> None:
    """Set throughput beside what theory predicts for known demands; fail where the instrument reads another value."""
    from loadstone.cli.calibrate import read_calibration, show_calibration

    if not show_calibration(read_calibration(results)):
        raise typer.Exit(1)


@app.command()
def conclude(
    results: Annotated[Path, typer.Option(help="Results of a campaign.")] = Path("results"),
    page: Annotated[Path, typer.Option(help="Its page.")] = Path("report/index.html"),
) -> None:
    """Show what a campaign came to: a line an experiment, and where the page is."""
    from loadstone.cli.conclude import show_conclusion

    show_conclusion(results, page)


@app.command()
def schema() -> None:
    """Print the JSON Schema of suites, by which editors complete and check them."""
    import json

    from loadstone.suite.model import SuiteFile

    print(json.dumps(SuiteFile.model_json_schema(), indent=2))


@app.command()
def fit(
    table: Annotated[Path, typer.Argument(help="CSV with a row a run and the names of its columns in the first line.")],
    x: Annotated[str, typer.Option("--x", metavar="COLUMN", help="Column of what was swept: workers, users, cores.")],
    y: Annotated[str, typer.Option("--y", metavar="COLUMN", help="Column of the throughput; repeats in further rows.")],
    law: Annotated[
        str, typer.Option(metavar="amdahl|usl|linear|best", help="Which law; best: the smallest that suffices.")
    ] = "best",
    weights: Annotated[
        str, typer.Option(metavar="relative|equal", help="Residuals of log throughput, or plain least squares.")
    ] = "relative",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fit a scaling law to anybody's table: how much is serial, how far it scales, and what to doubt."""
    import orjson

    from loadstone.cli.fit import as_json, as_text, fit_table

    answer = fit_table(table, x, y, law, weights)
    print(orjson.dumps(as_json(answer), option=orjson.OPT_INDENT_2).decode() if json else as_text(answer))


app.command()(compare)
app.command()(figures)
app.command()(serve)
