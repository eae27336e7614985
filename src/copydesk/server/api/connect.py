"""`/v1/connect`: connecting an account through the platform's own pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from copydesk.core.errors import NotAllowed
from copydesk.core.states import ConnectionState
from copydesk.server.api.contract import CONFLICT, NOT_FOUND, REPEATABLE, make_router
from copydesk.server.asking import Admin, DeskNow, actor_of, check_own
from copydesk.server.pages.connect import callback_url
from copydesk.store.connections import Connection
from copydesk.work.accounts.authorising import Wanted, begin_connection
from copydesk.work.accounts.granting import connect_by_itself, finish_connection

router = make_router("connect")


class ConnectIn(BaseModel):
    """What is to be connected. An account that exists is connected again, and keeps the rest."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account": "newsroom",
                    "platform": "mastodon",
                    "settings": {"base_url": "https://mastodon.example"},
                }
            ]
        }
    )

    account: str = Field(max_length=64, examples=["newsroom"])
    platform: str = Field("", max_length=60, examples=["mastodon"])
    settings: Mapping[str, str] = Field(
        default_factory=dict, examples=[{"base_url": "https://mastodon.example"}]
    )
    secrets: Mapping[str, str] = Field(default_factory=dict, description="of the app, if it has")
    inbox: bool = False
    by: str = Field("", max_length=20, description="another way than the platform's first")
    other_identity: bool = Field(False, description="it may become somebody else there")
    redirect_uri: str = Field(
        "",
        max_length=500,
        description="where the platform sends the person; empty: this server, where somebody"
        " signed in finishes it. Else hand the address they end at to /v1/connect/{id}/answer",
    )


class ConnectionOut(BaseModel):
    """An attempt to connect an account."""

    id: str = Field(examples=["cnn_01kbk7v2e0c4m8s6q1r5t9w3x7"])
    state: ConnectionState
    account: str
    account_id: str = Field(description="empty until it is connected")
    platform: str
    reason: str
    remedy: str
    expires_at: datetime


class BegunOut(ConnectionOut):
    """An attempt that waits for a person."""

    authorize_url: str = Field(description="where the person agrees; empty: nobody is asked")


class AnswerIn(BaseModel):
    """The address the person ended at, with the platform's answer in its query."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://app.example/back?code=…&state=…"}]}
    )

    url: str = Field(max_length=4000)


@router.post("", status_code=201, responses=CONFLICT | NOT_FOUND, dependencies=REPEATABLE)
async def begin_connecting(
    request: Request, body: ConnectIn, desk: DeskNow, asking: Admin
) -> BegunOut:
    """Begin to connect an account; somebody then opens `authorize_url` and agrees.

    Where an app speaks for itself nobody is asked: the account is connected already.
    """
    wanted = Wanted(
        name=body.account,
        platform=body.platform,
        settings=body.settings,
        secrets=body.secrets,
        inbox=body.inbox,
        auth=body.by,
        other_identity=body.other_identity,
    )
    begun = await begin_connection(
        desk,
        wanted,
        redirect_uri=body.redirect_uri or callback_url(request),
        session="",
        actor=actor_of(asking, "api"),
    )
    if begun.device is not None:
        raise NotAllowed(
            "A code for another screen is entered while somebody waits for it; the API does not.",
            remedy=f"Run `copydesk accounts connect {body.account} --by {begun.connection.auth}`.",
        )
    if not begun.authorize_url:
        await connect_by_itself(desk, begun, actor=actor_of(asking, "api"))
    async with desk.store.read() as unit:
        connection = await unit.connections.get(begun.connection.id)
    told = _connection_out(connection).model_dump()
    return BegunOut(**told, authorize_url=begun.authorize_url)


@router.get("/{id}", responses=NOT_FOUND)
async def get_connection(id: str, desk: DeskNow) -> ConnectionOut:
    """Return how an attempt stands."""
    async with desk.store.read() as unit:
        connection = await unit.connections.get(id)
    check_own(connection.workspace_id, desk, f"connection {id}")
    return _connection_out(connection)


@router.post("/{id}/answer", responses=CONFLICT | NOT_FOUND, dependencies=REPEATABLE)
async def answer_connection(id: str, body: AnswerIn, desk: DeskNow, asking: Admin) -> ConnectionOut:
    """Finish an attempt with the platform's answer to it. It works once."""
    async with desk.store.read() as unit:
        check_own((await unit.connections.get(id)).workspace_id, desk, f"connection {id}")
    answer = dict(parse_qsl(urlsplit(body.url).query))
    await finish_connection(desk, answer, session="", actor=actor_of(asking, "api"), id=id)
    async with desk.store.read() as unit:
        return _connection_out(await unit.connections.get(id))


def _connection_out(connection: Connection) -> ConnectionOut:
    return ConnectionOut(
        id=connection.id,
        state=connection.state,
        account=connection.account_name,
        account_id=connection.account_id,
        platform=connection.platform,
        reason=connection.reason,
        remedy=connection.remedy,
        expires_at=connection.expires_at,
    )
