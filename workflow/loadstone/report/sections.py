"""What the page's sections show, one entry or more each: values for the templates."""

from typing import Any

from loadstone.report import (
    agreement,
    albums,
    answer,
    baselines,
    calibrations,
    capacities,
    cards,
    charts,
    claims,
    figures,
    forecasts,
    published,
    runs,
    sweeps,
    tables,
    timed,
    verdicts,
)
from loadstone.report.data import Campaign
from loadstone.results.scaling import UserForecast


def sections(campaign: Campaign, doubts: figures.Doubts) -> dict[str, Any]:
    """Lay out all sections."""
    judged = verdicts.verdict_rows(campaign, doubts)
    listed = runs.run_rows(campaign, doubts)
    compared = published.published_rows(campaign, doubts)
    judged_claims = claims.claims(campaign)
    searched = capacities.capacity_views(campaign)
    return {
        "answer": answer.answer(campaign, doubts, compared, judged_claims, searched),
        "claims": judged_claims,
        "claims_say": claims.claims_sentence(judged_claims),
        "capacities": searched,
        "cards": cards.cards(campaign, judged, listed),
        "anchors": cards.anchors(campaign),
        "verdicts": judged,
        "verdict_lead": verdicts.lead(judged, probes=len(judged) > len(campaign.plan.suite.experiments)),
        "signals": verdicts.columns(judged),
        "missing": verdicts.missing_sentence(campaign),
        "to_settle": verdicts.to_settle(campaign, judged),
        "runs": listed,
        "warm_up": runs.longer_warm_up_sentence(listed),
        "thinned": tables.is_thinned(campaign),
        **_published(campaign, compared),
        **_baselines(campaign),
        **_sweeps(campaign, doubts),
        **_timed(campaign),
        **_latency(campaign),
        **_repeats(campaign),
    }


def _published(campaign: Campaign, compared: list[published.PublishedRow]) -> dict[str, Any]:
    audited = published.audit_table(campaign)
    return {
        "published": compared,
        "findings": audited.findings if audited else [],
        "no_audit": published.doubtful_sentence(campaign.published),
        "capacity": published.capacity_sentence(compared),
    }


def _baselines(campaign: Campaign) -> dict[str, Any]:
    limits = baselines.ceilings(campaign)
    return {
        "unloaded": baselines.unloaded(campaign),
        "ceilings": limits,
        "clients": baselines.client_sentences(limits),
    }


def _sweeps(campaign: Campaign, doubts: figures.Doubts) -> dict[str, Any]:
    swept = sweeps.sweep_views(campaign, doubts)
    known = {name: calibrations.reading_rows(found) for name, found in campaign.scaling.items()}
    return {
        "sweeps": swept,
        "forecasts": {view.name: _forecast(view.forecast) for view in swept if view.forecast},
        "calibrations": {
            name: {"rows": rows, "sentence": calibrations.calibration_sentence(rows)}
            for name, rows in known.items()
            if rows
        },
        "album_lines": albums.line_rows(campaign),
        "growth": albums.growth(campaign),
    }


def _forecast(forecast: UserForecast) -> dict[str, Any]:
    return {
        "rows": forecasts.forecast_rows(forecast),
        "sentences": [forecasts.forecast_sentence(forecast), forecasts.agreement_sentence(forecast)],
    }


def _timed(campaign: Campaign) -> dict[str, Any]:
    rows = timed.timed(campaign)
    return {"timed": rows, "timed_say": timed.late_sentences(rows)}


def _latency(campaign: Campaign) -> dict[str, Any]:
    """List what can be picked, with the colour and dash that it has in every chart."""
    picked, known = figures.first_picks(campaign), figures.pickable(campaign)
    return {
        "picks": [
            {"name": name, "colour": charts.colour_of(place), "picked": name in picked}
            for place, name in enumerate(campaign.experiments)
            if name in known
        ]
    }


def _repeats(campaign: Campaign) -> dict[str, Any]:
    agreeing = agreement.agreements(campaign)
    sentences = (
        agreement.once_sentence(agreeing),
        agreement.left_out_sentence(campaign),
        agreement.agreement_sentence(agreeing),
        agreement.precision_sentence(agreeing),
        agreement.width_sentence(campaign),
        agreement.drift_sentence(campaign),
    )
    return {"repeats": agreeing, "repeats_say": [sentence for sentence in sentences if sentence]}
