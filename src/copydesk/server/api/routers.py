"""The routers of the API, in the order in which its documents show them."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from copydesk.server import health
from copydesk.server.api import (
    accounts,
    aftercare,
    audits,
    budgets,
    callbacks,
    connect,
    consents,
    conversations,
    costs,
    deliveries,
    drift,
    events,
    feedback,
    feeds,
    hints,
    posts,
    probe,
    releases,
    render,
    review_texts,
    reviews,
    rework,
    schedules,
    series,
    style,
    submissions,
    suggestions,
    timetables,
    transform,
    validate,
    webhooks,
)
from copydesk.server.hooks import callbacks as incoming

API: Final[tuple[APIRouter, ...]] = tuple(
    part.router
    for part in (
        submissions,
        conversations,
        posts,
        validate,
        render,
        transform,
        probe,
        deliveries,
        reviews,
        review_texts,
        suggestions,
        hints,
        accounts,
        budgets,
        releases,
        drift,
        costs,
        style,
        rework,
        connect,
        events,
        health,
        # before what takes any word after /schedules/ for an id
        timetables,
        series,
        schedules,
        webhooks,
        feeds,
        callbacks,
        incoming,
        aftercare,
        audits,
        consents,
        feedback,
    )
)
