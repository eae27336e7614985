"""`/v1/consents`: whose words may teach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from copydesk.editorial.consent import give_consent, read_subject
from copydesk.server.api.contract import NOT_FOUND, Limit, make_router
from copydesk.server.asking import ADMINS_ONLY, Admin, DeskNow, actor_of

router = make_router("consents")


class ConsentOut(BaseModel):
    """An answer: whether what is learnt from some messages may leave."""

    subject: str = Field(
        examples=["channel:email"],
        description="a submission, author:ADDRESS, channel:NAME or everything",
    )
    allowed: bool
    licence: str = Field(examples=["CC BY 4.0"])
    given_at: datetime
    given_by: str


class Answer(BaseModel):
    """What is said about a subject."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"allowed": True, "licence": "CC BY 4.0"}]},
    )

    allowed: bool
    licence: str = Field("", max_length=500)


@router.get("", dependencies=ADMINS_ONLY)
async def list_consents(
    desk: DeskNow,
    after: Annotated[str, Query(max_length=255, description="go on after this subject")] = "",
    limit: Limit = 100,
) -> Sequence[ConsentOut]:
    """List the answers by subject. What nobody said anything about is refused."""
    async with desk.store.read() as unit:
        found = await unit.consents.page(desk.workspace_id, after=after, limit=limit)
    return [
        ConsentOut(**{name: getattr(one, name) for name in ConsentOut.model_fields})
        for one in found
    ]


@router.put("/{subject}", status_code=204, responses=NOT_FOUND)
async def put_consent(subject: str, answer: Answer, desk: DeskNow, asking: Admin) -> None:
    """Allow or refuse; a later answer takes the place of an earlier one."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        await give_consent(
            unit, desk.workspace_id, subject, allowed=answer.allowed, licence=answer.licence
        )


@router.delete("/{subject}", status_code=204, responses=NOT_FOUND)
async def delete_consent(subject: str, desk: DeskNow, asking: Admin) -> None:
    """Take an answer back: the next wider one decides again."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        await unit.consents.withdraw(desk.workspace_id, read_subject(subject))
