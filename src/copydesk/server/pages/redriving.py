"""Sending again what had stopped: a filter, a dry run that is always shown first, one button."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import RedirectResponse, Response

from copydesk.core.errors import ContentInvalid, NotFound
from copydesk.core.states import DeliveryState
from copydesk.server.asking import SIGNED_IN, DeskNow, Editor, actor_of
from copydesk.server.rendering import render
from copydesk.server.views.frame import Frame, address
from copydesk.server.views.redriving import (
    RedriveView,
    counts_of,
    done_words,
    fields_of,
    redrive_line,
)
from copydesk.store.letters import Wanted
from copydesk.work.deliveries.redriving import REDRIVABLE, Redriven, Verdict, redrive
from copydesk.work.deliveries.times import parse_time

router = APIRouter(include_in_schema=False, dependencies=SIGNED_IN)

_Text = Annotated[str, Query(max_length=200)]
_Field = Annotated[str, Form(max_length=200)]


@router.get("/deliveries/redrive")
async def show_redrive(
    desk: DeskNow,
    state: _Text = "",
    account: _Text = "",
    platform: _Text = "",
    reason_code: _Text = "",
    post: _Text = "",
    since: _Text = "",
    until: _Text = "",
    sent: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """Show what sending again would do; changes nothing."""
    given = {
        "state": state or DeliveryState.FAILED.value,
        "account": account.strip(),
        "platform": platform.strip(),
        "reason_code": reason_code.strip(),
        "post": post.strip(),
        "since": since.strip(),
        "until": until.strip(),
    }
    problems: tuple[str, ...] = ()
    preview = Redriven(dry_run=True, counts={}, looked=(), more=False)
    try:
        preview = await redrive(desk, _wanted(given), dry_run=True, actor="web")
    except ContentInvalid as error:
        problems = tuple(f"{found.message}. {found.remedy}" for found in error.findings)
    except NotFound as error:
        problems = (f"{error.message} {error.remedy}",)
    view = RedriveView(
        frame=Frame(title="Send again", section="Deliveries"),
        fields=fields_of(given, REDRIVABLE),
        problems=problems,
        counts=counts_of(preview),
        lines=tuple(redrive_line(one) for one in preview.looked),
        sending=preview.counts.get(Verdict.SENT, 0),
        more=preview.more,
        done="" if sent is None else done_words(sent),
    )
    return render("pages/redrive.html", view, status=422 if problems else 200)


@router.post("/deliveries/redrive")
async def do_redrive(
    desk: DeskNow,
    asking: Editor,
    state: _Field = "",
    account: _Field = "",
    platform: _Field = "",
    reason_code: _Field = "",
    post: _Field = "",
    since: _Field = "",
    until: _Field = "",
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Send again what the filter names, and show what is left."""
    given = {
        "state": state,
        "account": account,
        "platform": platform,
        "reason_code": reason_code,
        "post": post,
        "since": since,
        "until": until,
    }
    done = await redrive(desk, _wanted(given), reason=reason.strip(), actor=actor_of(asking, "web"))
    sent = str(done.counts.get(Verdict.SENT, 0))
    return RedirectResponse(address("/deliveries/redrive", **given, sent=sent), 303)


def _wanted(given: dict[str, str]) -> Wanted:
    known = {entry.value: entry for entry in DeliveryState}
    return Wanted(
        states=(known.get(given["state"], DeliveryState.FAILED),),
        account=given["account"],
        platform=given["platform"],
        reason_code=given["reason_code"],
        post_id=given["post"],
        since=parse_time(given["since"], "since") if given["since"] else None,
        until=parse_time(given["until"], "until") if given["until"] else None,
    )
