"""`/v1/submissions/{id}/turns/move`: which conversation a message of a chat belongs to."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from copydesk.server.api.contract import CONFLICT, NOT_FOUND, REPEATABLE, make_router
from copydesk.server.asking import DeskNow, Editor, actor_of
from copydesk.work.incoming.regrouping import move

router = make_router("submissions")


class TurnMove(BaseModel):
    """To which conversation a message of a chat belongs."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "turn": "said-3f1c8a52b7d94e06a1c5d2e8",
                    "to": "sub_01kbk7v2e0c4m8s6q1r5t9w3x7",
                }
            ]
        },
    )

    turn: str = Field(min_length=1, max_length=2000, description="the id of the message")
    to: str | None = Field(
        None,
        max_length=40,
        description="the submission of the other conversation of the same log; null: its own",
    )


class MovedOut(BaseModel):
    """What became of a log when a message of it was moved; ids of submissions."""

    log_id: str
    to: str = Field(description="holds the message now")
    added: list[str] = Field(description="conversations that are written up anew")
    replaced: list[str] = Field(description="conversations that went for them")


@router.post("/{id}/turns/move", responses={**NOT_FOUND, **CONFLICT}, dependencies=REPEATABLE)
async def move_turn(id: str, body: TurnMove, desk: DeskNow, asking: Editor) -> MovedOut:
    """Let a message of a chat, with what answers it, go to another conversation of its log.

    The log is parted anew: conversations that have other messages than before are new submissions,
    which are written up from the beginning. 409 when one of them has been decided about or is out.
    """
    moved = await move(desk, id, body.turn, body.to or "", actor=actor_of(asking, "api"))
    return MovedOut(
        log_id=moved.log_id,
        to=moved.to,
        added=list(moved.added),
        replaced=list(moved.replaced),
    )
