"""`/v1/schedules/timetables`: when an account may be posted to."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.timetable import LatePolicy, Timetable
from copydesk.server.api.contract import NOT_FOUND, make_router
from copydesk.server.asking import DeskNow, Editor, actor_of
from copydesk.work.deliveries.timetables import TimetableForm, in_words, set_timetable

router = make_router("schedules")


class TimetableIn(BaseModel):
    """Parts of a timetable to change; null leaves a part as it is, an empty list takes it away."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "zone": "Europe/Berlin",
                    "windows": ["mon-fri 09:00-17:30"],
                    "quiet": ["daily 22:00-07:00"],
                    "blackouts": ["2026-12-24..2026-12-27 closed"],
                    "spacing": "30m",
                    "late": "skip",
                    "grace": "15m",
                    "queues": ["news: mon-fri 09:00,17:30"],
                }
            ]
        },
    )

    zone: str | None = Field(None, max_length=64)
    windows: list[str] | None = Field(None, max_length=100)
    quiet: list[str] | None = Field(None, max_length=100)
    blackouts: list[str] | None = Field(None, max_length=100)
    spacing: str | None = Field(None, max_length=20)
    late: LatePolicy | None = None
    grace: str | None = Field(None, max_length=20)
    queues: list[str] | None = Field(None, max_length=100)


class TimetableOut(BaseModel):
    """When an account may be posted to, in the words `PUT` takes."""

    account: str
    zone: str
    windows: Sequence[str]
    quiet: Sequence[str]
    blackouts: Sequence[str]
    spacing: str
    late: LatePolicy
    grace: str
    queues: Sequence[str]


@router.get("/timetables/{account}", responses=NOT_FOUND)
async def get_timetable(account: str, desk: DeskNow) -> TimetableOut:
    """Return the timetable of an account, by its name."""
    async with desk.store.read() as unit:
        found = await unit.accounts.by_name(desk.workspace_id, account)
    return TimetableOut(account=found.name, **in_words(found.timetable or Timetable()))


@router.put("/timetables/{account}", responses=NOT_FOUND)
async def put_timetable(
    account: str, given: TimetableIn, desk: DeskNow, asking: Editor
) -> TimetableOut:
    """Change the timetable of an account; what waits for it is looked at again."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        form = TimetableForm(**given.model_dump())
        changed = await set_timetable(unit, desk.workspace_id, account, form)
    return TimetableOut(account=changed.name, **in_words(changed.timetable or Timetable()))
