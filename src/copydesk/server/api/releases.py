"""`/v1/releases`: versions of prompt, model and settings on trial, and how they stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.release import PROVED, Guard, Policy, Release, Version
from copydesk.core.states import ReleaseState
from copydesk.releases.ruling import Move
from copydesk.server.api.contract import (
    BAD_CURSOR,
    CONFLICT,
    NOT_FOUND,
    REPEATABLE,
    Cursor,
    Limit,
    Page,
    check_cursor,
    make_router,
    page_of,
)
from copydesk.server.asking import Admin, DeskNow, actor_of
from copydesk.work.releases import releasing, trials

router = make_router("releases")

#: Kept out of JSON numbers: an e-value may be beyond every float.
_MOST: Final = 1e300


class VersionOut(BaseModel):
    """Everything that decides how a message is written up; "" stands for what settings say."""

    prompt: str = Field(examples=["rewrite_and_polish.v3"])
    model: str = Field(examples=["openai:gpt-6.1-terra"])
    light_model: str
    temperature: float | None
    code: str = Field(description="the version of copydesk it was made with")


class PolicyOut(BaseModel):
    """The rules of a release."""

    alpha: float
    margins: dict[Guard, float]
    shadow_items: int
    stage_items: int
    stages: Sequence[int]
    days: int
    automatic: bool


class ReleaseOut(BaseModel):
    """A release: a version, and how far it has got."""

    id: str = Field(examples=["rel_01kbk7v2e0c4m8s6q1r5t9w3x7"])
    name: str = Field(examples=["shorter-titles"])
    state: ReleaseState
    share: int = Field(description="percent of conversations that get it", examples=[25])
    version: VersionOut
    digest: str
    policy: PolicyOut
    note: str
    reason: str = Field(description="why it is in its state")
    created_at: datetime
    created_by: str
    started_at: datetime | None
    ends_at: datetime | None = Field(description="without an answer by then the old version stays")


class ChangeOut(BaseModel):
    """The smallest rise that can be found with the traffic there is, for one stage."""

    guard: Guard
    stage: str = Field(examples=["shadow", "25 %"])
    items: int
    share: float = Field(description="how often it happens now, 0..1")
    rise: float = Field(description="a lower limit: tests with daily looks need more")


class GuardOut(BaseModel):
    """How one guard stands: shares 0..1, and the evidence that the new version is worse."""

    guard: Guard
    pairs: int
    worse: int = Field(description="pairs in which only the new version was at fault")
    better: int
    old_share: float
    new_share: float
    e_value: float
    limit: float = Field(description="at this e-value it is rolled back")
    difference_at_least: float
    difference_at_most: float


class NextOut(BaseModel):
    """What would happen at this moment, and why."""

    move: Move
    share: int
    because: str
    needs_person: bool


class ReleaseDetail(ReleaseOut):
    """A release with everything that was counted."""

    baseline: VersionOut
    baseline_name: str
    differences: Sequence[str]
    items_per_day: float
    smallest_changes: Sequence[ChangeOut]
    guards: Sequence[GuardOut]
    waiting_shadows: int
    next: NextOut | None


class ReleaseIn(BaseModel):
    """A version to be tried, and by which rules. What is left out is taken from the settings."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "shorter-titles", "prompt": "rewrite_and_polish.v3"}]
        },
    )

    name: str = Field(max_length=80)
    prompt: str = Field("", max_length=100)
    model: str = Field("", max_length=500, description="a model line; `none`: rules alone")
    light_model: str = Field("", max_length=500)
    temperature: float | None = Field(None, ge=0, le=2)
    note: str = Field("", max_length=2000)
    automatic: bool = Field(True, description="false: only going back happens by itself")
    alpha: float = 0.05
    margin: float = Field(0.02, description="how much worse is not worth minding")
    shadow_items: int = 200
    stage_items: int = 50
    stages: list[int] = Field([5, 25, 50], max_length=20)
    days: int = 28


class StartIn(BaseModel):
    """How a trial begins."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"replayed": 200}]})

    replayed: int = Field(
        releasing.REPLAYED, description="so many past messages are shadowed to begin with"
    )
    skip_shadow: bool = False


class ReasonIn(BaseModel):
    """Why, for the history."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "read thirty of them"}]}
    )

    reason: str = Field("", max_length=2000)


@router.get("", responses=BAD_CURSOR)
async def list_releases(desk: DeskNow, limit: Limit = 50, cursor: Cursor = "") -> Page[ReleaseOut]:
    """List releases, newest first."""
    before = check_cursor(cursor, "release")
    async with desk.store.read() as unit:
        found = await unit.releases.newest(desk.workspace_id, before=before, limit=limit + 1)
    return page_of([_out(release) for release in found], limit, lambda release: release.id)


@router.post("", status_code=201, responses=CONFLICT, dependencies=REPEATABLE)
async def create_release(desk: DeskNow, asking: Admin, wanted: ReleaseIn) -> ReleaseOut:
    """Make a release. It never changes; nobody gets it until it is started."""
    usual = Policy()
    policy = Policy(
        alpha=wanted.alpha,
        margins={**usual.margins, **dict.fromkeys(PROVED, wanted.margin)},
        shadow_items=wanted.shadow_items,
        stage_items=wanted.stage_items,
        stages=tuple(wanted.stages),
        days=wanted.days,
        automatic=wanted.automatic,
    )
    version = Version(
        prompt=wanted.prompt,
        model=wanted.model,
        light_model=wanted.light_model,
        temperature=wanted.temperature,
    )
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        return _out(
            await releasing.create(
                unit, desk, wanted.name, version, policy=policy, note=wanted.note
            )
        )


@router.get("/{id}", responses=NOT_FOUND)
async def get_release(id: str, desk: DeskNow) -> ReleaseDetail:
    """Return one release, by id or name: what its trial can find out, what was counted, and what
    would happen next."""
    async with desk.store.read() as unit:
        return _detail(await trials.show(unit, desk, id))


@router.post("/{id}/start", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def start_release(
    id: str, desk: DeskNow, asking: Admin, how: StartIn | None = None
) -> ReleaseDetail:
    """Put a release on trial: in shadow first, unpublished. One is tried at a time."""
    how = how or StartIn()
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        release = await releasing.start(
            unit, desk, id, replayed=how.replayed, skip_shadow=how.skip_shadow
        )
        return _detail(await trials.show(unit, desk, release.id))


@router.post("/{id}/advance", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def advance_release(id: str, desk: DeskNow, asking: Admin, why: ReasonIn) -> ReleaseOut:
    """Give a release its next share of conversations without waiting for the evidence."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        return _out(await releasing.advance(unit, desk, id, why.reason))


@router.post("/{id}/promote", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def promote_release(id: str, desk: DeskNow, asking: Admin, why: ReasonIn) -> ReleaseOut:
    """Give a release to everybody without waiting for the evidence."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        return _out(await releasing.promote(unit, desk, id, why.reason))


@router.post("/{id}/rollback", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def roll_back_release(
    id: str, desk: DeskNow, asking: Admin, why: ReasonIn | None = None
) -> ReleaseOut:
    """Take a release back: the next message is written up with the version before it."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        return _out(await releasing.roll_back(unit, desk, id, why.reason if why else ""))


def _out(release: Release) -> ReleaseOut:
    return ReleaseOut(**_fields(release))


def _fields(release: Release) -> dict[str, Any]:
    return {
        "id": release.id,
        "name": release.name,
        "state": release.state,
        "share": release.share,
        "version": _version(release.version),
        "digest": release.version.digest,
        "policy": PolicyOut(
            **{name: getattr(release.policy, name) for name in PolicyOut.model_fields}
        ),
        "note": release.note,
        "reason": release.reason,
        "created_at": release.created_at,
        "created_by": release.created_by,
        "started_at": release.started_at,
        "ends_at": release.ends_at,
    }


def _version(version: Version) -> VersionOut:
    return VersionOut(**{name: getattr(version, name) for name in VersionOut.model_fields})


def _detail(shown: trials.Shown) -> ReleaseDetail:
    return ReleaseDetail(
        **_fields(shown.release),
        baseline=_version(shown.baseline),
        baseline_name=shown.baseline_name,
        differences=shown.differences,
        items_per_day=shown.per_day,
        smallest_changes=[
            ChangeOut(**{name: getattr(change, name) for name in ChangeOut.model_fields})
            for change in shown.changes
        ],
        guards=[
            GuardOut(
                guard=reading.guard,
                pairs=reading.tally.pairs,
                worse=reading.tally.worse,
                better=reading.tally.better,
                old_share=reading.tally.old_share,
                new_share=reading.tally.new_share,
                e_value=min(reading.evidence, _MOST),
                limit=reading.limit,
                difference_at_least=reading.least,
                difference_at_most=reading.most,
            )
            for reading in shown.readings
        ],
        waiting_shadows=shown.waiting_shadows,
        next=(
            None
            if shown.next is None
            else NextOut(
                move=shown.next.move,
                share=shown.next.share,
                because=shown.next.because,
                needs_person=trials.needs_person(shown),
            )
        ),
    )
