"""The queue of reviews and the desk of one, for people with a keyboard and with or without scripts.

Every button is a form. With scripts the answer to a form is the desk alone, which takes the place
of the one on the page; without, the browser is sent back to the page.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Header, Query
from starlette.responses import RedirectResponse, Response

from copydesk.core.errors import Conflict, ContentInvalid, CopydeskError, NotAllowed
from copydesk.core.post import Post
from copydesk.core.review import MOVING, ReviewKind, SentTo, person_of
from copydesk.core.states import ReviewState, SuggestionState
from copydesk.core.suggestion import Intent, RejectionReason, TextField
from copydesk.editorial import deciding, reviewing
from copydesk.server.asking import SIGNED_IN, DeskNow, Editor, actor_of, at_least, may
from copydesk.server.owned import own_review
from copydesk.server.rendering import render
from copydesk.server.views.frame import Frame, address, choices
from copydesk.server.views.review import ReviewView, review_desk
from copydesk.server.views.reviews import (
    REVIEW_STATES,
    ReviewsView,
    kind_choices,
    review_line,
)
from copydesk.store.reviews import Review, WantedReviews
from copydesk.store.tokens import Principal
from copydesk.work.desk import Desk
from copydesk.work.reviews.approving import approve, standing_of
from copydesk.work.reviews.hinting import hints_of, take_hint
from copydesk.work.reviews.reviewing import look_at, prepare
from copydesk.work.reviews.revising import answer, edit, reword

router = APIRouter(include_in_schema=False, dependencies=SIGNED_IN)

Words = Annotated[str, Form(max_length=2000)]
Text = Annotated[str, Form(max_length=1_000_000)]
Seen = Annotated[int | None, Form()]
#: Set by the page's own script: it wants the desk alone.
Fragment = Annotated[str, Header(alias="X-Fragment")]

Reader = Annotated[Principal, Depends(at_least("viewer"))]

_SHOWN = 50


@router.get("/reviews")
async def show_reviews(
    desk: DeskNow,
    state: Annotated[ReviewState | None, Query()] = None,
    kind: Annotated[ReviewKind | None, Query()] = None,
    after: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show what waits for a person in the order to take it; other states on request."""
    wanted = state or ReviewState.OPENED
    async with desk.store.read() as unit:
        found = await unit.reviews.queue(
            desk.workspace_id,
            WantedReviews(state=wanted, kind=kind),
            after=after,
            limit=_SHOWN + 1,
        )
        count = await unit.reviews.count(desk.workspace_id, ReviewState.OPENED)
    now = desk.clock.now()
    last = found[_SHOWN - 1].id if len(found) > _SHOWN else ""
    view = ReviewsView(
        frame=Frame(title="Reviews", section="Reviews"),
        choices=choices("/reviews", REVIEW_STATES, wanted, kind=kind or "")[1:],
        kinds=kind_choices(wanted, kind),
        lines=tuple(review_line(review, now) for review in found[:_SHOWN]),
        waiting=wanted is ReviewState.OPENED,
        count=count,
        older_url=address("/reviews", state=wanted, kind=kind or "", after=last) if last else "",
        next_url="/reviews/next" if count else "",
    )
    return render("pages/reviews.html", view)


@router.post("/reviews/next")
async def take_next(desk: DeskNow, asking: Editor) -> Response:
    """Take the most urgent review and show it; the queue when there is none."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        review = await reviewing.claim_next(unit, desk.workspace_id)
    return RedirectResponse(f"/reviews/{review.id}" if review else "/reviews", 303)


@router.get("/reviews/{id}")
async def show_review(id: str, desk: DeskNow, asking: Reader) -> Response:
    """Show one review: the text with its changes, and what can be decided."""
    return await _page(desk, id, asking)


@router.post("/reviews/{id}/suggestions/accept")
async def accept_together(
    id: str,
    desk: DeskNow,
    asking: Editor,
    intent: Annotated[Literal["", "fluency"], Form()] = "",
    fragment: Fragment = "",
) -> Response:
    """Accept what is left, or what is for fluency."""
    async with desk.store.read() as unit:
        review_id = (await own_review(unit, desk, id)).id
    await prepare(desk, review_id)
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        review = await unit.reviews.get(review_id)
        try:
            found = await deciding.accept_rest(
                unit, review, intent=Intent(intent) if intent else None
            )
        except (Conflict, NotAllowed) as error:
            return await _page(desk, id, asking, fragment, error=error)
    return await _done(desk, id, asking, fragment, f"{len(found)} accepted")


@router.post("/reviews/{id}/suggestions/{number}")
async def decide_suggestion(
    id: str,
    number: str,
    desk: DeskNow,
    asking: Editor,
    verdict: Annotated[Literal["accepted", "edited", "rejected"], Form()],
    text: Text = "",
    reason: Annotated[RejectionReason | None, Form()] = None,
    version: Seen = None,
    fragment: Fragment = "",
) -> Response:
    """Accept, edit or reject one suggestion."""
    actor = actor_of(asking, "web")
    async with desk.store.read() as unit:
        review_id = (await own_review(unit, desk, id)).id
    await prepare(desk, review_id)
    try:
        if verdict == "edited":
            # browsers send line ends as CR LF
            words = text.replace("\r\n", "\n")
            await edit(desk, id, number, words, actor=actor, version=version)
        else:
            async with desk.store.begin(actor) as unit:
                await deciding.decide(
                    unit,
                    await unit.reviews.get(id),
                    number,
                    deciding.Verdict(state=SuggestionState(verdict), reason=reason),
                    version=version,
                )
    except (Conflict, ContentInvalid) as error:
        return await _page(desk, id, asking, fragment, error=error)
    return await _done(desk, id, asking, fragment, f"{number} {verdict}", number)


@router.post("/reviews/{id}/suggestions/{number}/undo")
async def undo_suggestion(
    id: str,
    number: str,
    desk: DeskNow,
    asking: Editor,
    version: Seen = None,
    fragment: Fragment = "",
) -> Response:
    """Take the newest decision on a suggestion back."""
    try:
        async with desk.store.begin(actor_of(asking, "web")) as unit:
            review = await own_review(unit, desk, id)
            await deciding.undo(unit, review, number, version=version)
    except Conflict as error:
        return await _page(desk, id, asking, fragment, error=error)
    return await _done(desk, id, asking, fragment, f"{number} taken back", number)


@router.post("/reviews/{id}/hints/{number}")
async def accept_hint(
    id: str,
    number: int,
    desk: DeskNow,
    asking: Editor,
    version: Seen = None,
    fragment: Fragment = "",
) -> Response:
    """Put right what a hint about style says."""
    async with desk.store.read() as unit:
        await own_review(unit, desk, id)
    try:
        (made, *_) = await take_hint(
            desk, id, number, actor=actor_of(asking, "web"), version=version
        )
    except Conflict as error:
        return await _page(desk, id, asking, fragment, error=error)
    return await _done(desk, id, asking, fragment, f"put right, as {made.number}", str(made.number))


@router.post("/reviews/{id}/text")
async def put_text(
    id: str,
    desk: DeskNow,
    asking: Editor,
    body: Text,
    version: Seen = None,
    fragment: Fragment = "",
) -> Response:
    """Make the text read as typed."""
    async with desk.store.read() as unit:
        await own_review(unit, desk, id)
    wanted = {TextField.BODY: body.replace("\r\n", "\n")}
    try:
        made = await reword(desk, id, wanted, actor=actor_of(asking, "web"), version=version)
    except Conflict as error:
        return await _page(desk, id, asking, fragment, error=error)
    return await _done(desk, id, asking, fragment, f"{len(made)} changes of yours")


@router.post("/reviews/{id}/claim")
async def claim_review(id: str, desk: DeskNow, asking: Editor, fragment: Fragment = "") -> Response:
    """Take a review for a while."""
    try:
        async with desk.store.begin(actor_of(asking, "web")) as unit:
            await reviewing.claim(unit, await own_review(unit, desk, id))
    except Conflict as error:
        return await _page(desk, id, asking, fragment, error=error)
    return await _done(desk, id, asking, fragment, "it is yours")


@router.post("/reviews/{id}/release")
async def release_review(
    id: str, desk: DeskNow, asking: Editor, fragment: Fragment = ""
) -> Response:
    """Let go of a review."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        await reviewing.release(unit, await own_review(unit, desk, id))
    return await _done(desk, id, asking, fragment, "free for anybody")


@router.post("/reviews/{id}/assign")
async def assign_review(id: str, desk: DeskNow, asking: Editor, person: Words) -> Response:
    """Hand a review on."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        review = await own_review(unit, desk, id)
        await reviewing.assign(unit, review, person.strip())
    return RedirectResponse("/reviews", 303)


@router.post("/reviews/{id}/send-back")
async def send_review_back(
    id: str, desk: DeskNow, asking: Editor, to: Annotated[SentTo, Form()], reason: Words = ""
) -> Response:
    """Send a text back."""
    try:
        async with desk.store.begin(actor_of(asking, "web")) as unit:
            review = await own_review(unit, desk, id)
            await reviewing.send_back(unit, review, to, reason.strip())
    except Conflict as error:
        return await _page(desk, id, asking, error=error)
    return RedirectResponse(f"/reviews/{id}", 303)


@router.post("/reviews/{id}/answer")
async def answer_review(
    id: str, desk: DeskNow, asking: Editor, body: Text, reason: Words = ""
) -> Response:
    """Take the new text that was asked for."""
    async with desk.store.read() as unit:
        await own_review(unit, desk, id)
    await answer(
        desk,
        id,
        body=body.replace("\r\n", "\n"),
        reason=reason.strip(),
        actor=actor_of(asking, "web"),
    )
    return RedirectResponse(f"/reviews/{id}", 303)


@router.post("/reviews/{id}/accept")
async def accept_review(
    id: str,
    desk: DeskNow,
    asking: Editor,
    reason: Words = "",
    despite: Words = "",
    version: Seen = None,
) -> Response:
    """Accept a held piece and go to it; back to the review where something is to be decided."""
    async with desk.store.read() as unit:
        review = await own_review(unit, desk, id)
    try:
        post = await approve(
            desk,
            id,
            actor=actor_of(asking, "web"),
            reason=reason.strip(),
            despite=despite.strip(),
            version=version,
        )
    except (Conflict, ContentInvalid) as error:
        if review.state is not ReviewState.OPENED:
            raise
        return await _page(desk, id, asking, error=error)
    return RedirectResponse(_onward(review, post, "good"), 303)


@router.post("/reviews/{id}/reject")
async def reject_review(
    id: str,
    desk: DeskNow,
    asking: Editor,
    reason: Words = "",
    code: Annotated[RejectionReason | None, Form()] = None,
) -> Response:
    """Reject a held piece and go to it."""
    async with desk.store.begin(actor_of(asking, "web")) as unit:
        review = await own_review(unit, desk, id)
        post = await reviewing.reject(unit, review, reason.strip(), code)
    return RedirectResponse(_onward(review, post, "bad"), 303)


def _onward(review: Review, post: Post, said: str) -> str:
    """Return where a decision leads: to the piece, after an opinion to the next one."""
    return f"/posts/{post.id}" if review.kind in MOVING else f"/audits?said={said}"


async def _done(
    desk: Desk, id: str, asking: Principal, fragment: str, said: str, number: str = ""
) -> Response:
    if fragment:
        return await _page(desk, id, asking, fragment, said=said)
    return RedirectResponse(f"/reviews/{id}{f'#s{number}' if number else ''}", 303)


async def _page(
    desk: Desk,
    id: str,
    asking: Principal,
    fragment: str = "",
    *,
    error: CopydeskError | None = None,
    said: str = "",
) -> Response:
    """Return the page of a review, or its desk alone, with what went wrong on it."""
    async with desk.store.read() as unit:
        await own_review(unit, desk, id)
    look = await look_at(desk, id)
    shown = review_desk(
        look,
        await standing_of(desk, look),
        desk.clock.now(),
        person_of(actor_of(asking, "web")),
        hints=await hints_of(look),
        may_decide=may(asking, "editor"),
        problem=f"{error.message} {error.remedy}".strip() if error else "",
        said=said,
    )
    status = error.status if error else 200
    if fragment:
        return render("partials/review_desk.html", shown, status=status)
    title = look.review.title or "(no title)"
    view = ReviewView(frame=Frame(title=title, section="Reviews"), desk=shown)
    return render("pages/review.html", view, status=status)
