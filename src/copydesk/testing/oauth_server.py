"""A strict OAuth server on this machine, with an API behind it; it can lie about renewals.

    async with OAuthServer(clock=clock, lifetime=10) as server:
        app = server.authority.register("http://127.0.0.1/callback")
        server.authority.lies.append(TokenLie.LOST_AFTER_ROTATING)

`python -m copydesk.testing.oauth_server` runs it for trying things out, with a page that asks.
Rules: `copydesk.testing.authority` (OAuth 2), `copydesk.testing.signing_authority` (OAuth 1.0a).
"""

from __future__ import annotations

import argparse
import asyncio
import html
import sys
from urllib.parse import urlencode

from aiohttp import web

from copydesk.core.clock import Clock
from copydesk.testing.authority import AFTER_ROTATING, Authority, Refusal, TokenLie
from copydesk.testing.loopback import LoopbackServer
from copydesk.testing.signing_authority import SigningAuthority

_NO_STORE = {"Cache-Control": "no-store"}


class OAuthServer(LoopbackServer):
    """Authorization endpoints and `GET /me`, which any good token or signature may call.

    `asks` shows a page with two buttons instead of agreeing at once.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        lifetime: float | None = 7200.0,
        refresh_lifetime: float | None = None,
        rotates: bool = True,
        asks: bool = False,
        port: int = 0,
    ) -> None:
        super().__init__(clock=clock)
        self.authority = Authority(
            self.clock, lifetime=lifetime, refresh_lifetime=refresh_lifetime, rotates=rotates
        )
        self.signing = SigningAuthority(self.clock)
        self.asks = asks
        self.port = port

    @property
    def will_be_silent(self) -> bool:
        """Whether the next renewal is left without an answer."""
        return self.authority.lies[:1] == [TokenLie.HANG_AFTER_ROTATING]

    def routes(self) -> list[web.RouteDef]:
        """Return what the server answers to."""
        return [
            web.get("/oauth/authorize", self._authorize),
            web.post("/oauth/token", self._token),
            web.post("/oauth/revoke", self._revoke),
            web.post("/oauth/device", self._device),
            web.get("/device", self._enter_code),
            web.post("/api/v1/apps", self._register),
            web.post("/oauth1/request_token", self._temporary),
            web.get("/oauth1/authorize", self._agree),
            web.post("/oauth1/access_token", self._lasting),
            web.get("/me", self._me),
        ]

    async def _authorize(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        decision = query.pop("decision", "")
        if self.asks and not decision:
            return _page(
                "Allow copydesk?",
                f"It asks for: {html.escape(query.get('scope', 'nothing in particular'))}",
                str(request.rel_url),
            )
        was, self.authority.denies = (
            self.authority.denies,
            self.authority.denies or (decision == "deny"),
        )
        try:
            where, answer = self.authority.authorize(query)
        except Refusal as refusal:
            return web.Response(status=400, text=str(refusal))
        finally:
            self.authority.denies = was
        mark = "&" if "?" in where else "?"
        raise web.HTTPFound(f"{where}{mark}{urlencode(answer)}")

    async def _token(self, request: web.Request) -> web.Response:
        form = await _form(request)
        authority = self.authority
        refreshing = form.get("grant_type") == "refresh_token"
        lie = authority.lies[0] if authority.lies and refreshing else None
        if lie is not None and lie not in AFTER_ROTATING and not lie.endswith("refresh_token"):
            authority.lies.pop(0)
            return _not_now(lie)
        try:
            answer = authority.token(form, request.headers.get("Authorization", ""))
        except Refusal as refusal:
            authority.counts[f"refused_{refusal.code}"] += 1
            body = {"error": refusal.code, "error_description": refusal.words}
            return web.json_response(body, status=refusal.status, headers=_NO_STORE)
        if lie is None:
            return web.json_response(answer, headers=_NO_STORE)
        authority.lies.pop(0)
        return await self._lie_about(lie, answer, request)

    async def _lie_about(
        self, lie: TokenLie, answer: dict[str, object], request: web.Request
    ) -> web.Response:
        match lie:
            case TokenLie.ERROR_AFTER_ROTATING:
                return web.json_response({"error": "server_error"}, status=500)
            case TokenLie.LOST_AFTER_ROTATING:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            case TokenLie.HANG_AFTER_ROTATING:
                await self._keep_silent()
                return web.Response()
            case TokenLie.EMPTY_REFRESH_TOKEN:
                answer["refresh_token"] = ""
            case TokenLie.NO_EXPIRY:
                answer.pop("expires_in", None)
            case TokenLie.TEXT_EXPIRY:
                answer["expires_in"] = str(answer.get("expires_in", ""))
            case _:
                answer.pop("refresh_token", None)
        return web.json_response(answer, headers=_NO_STORE)

    async def _revoke(self, request: web.Request) -> web.Response:
        form = await _form(request)
        try:
            self.authority.app_of(form, request.headers.get("Authorization", ""))
        except Refusal as refusal:
            return web.json_response({"error": refusal.code}, status=refusal.status)
        self.authority.revoke(form.get("token", ""))
        return web.Response()

    async def _device(self, request: web.Request) -> web.Response:
        form = await _form(request)
        try:
            answer = self.authority.device(
                form, request.headers.get("Authorization", ""), f"{self.url}/device"
            )
        except Refusal as refusal:
            return web.json_response({"error": refusal.code}, status=refusal.status)
        return web.json_response(answer, headers=_NO_STORE)

    async def _enter_code(self, request: web.Request) -> web.Response:
        code, decision = request.query.get("code", ""), request.query.get("decision", "allow")
        self.authority.decide(code.upper(), decision)
        return web.Response(text=f"{code}: {decision}")

    async def _register(self, request: web.Request) -> web.Response:
        form = await _form(request)
        if not form.get("client_name") or not form.get("redirect_uris"):
            return web.json_response({"error": "Validation failed"}, status=422)
        app = self.authority.register(*form["redirect_uris"].split())
        body = {"id": app.client_id, "name": form["client_name"]}
        body |= {"client_id": app.client_id, "client_secret": app.client_secret}
        return web.json_response(body)

    # -- OAuth 1.0a -------------------------------------------------------------------------------

    async def _temporary(self, request: web.Request) -> web.Response:
        answer = self.signing.temporary(*await _signed(request, self.url))
        return web.Response(text=urlencode(answer) if answer else "no", status=_status(answer))

    async def _agree(self, request: web.Request) -> web.Response:
        where = self.signing.agree(request.query.get("oauth_token", ""))
        if not where:
            return web.Response(status=400, text="unknown token")
        raise web.HTTPFound(where)

    async def _lasting(self, request: web.Request) -> web.Response:
        answer = self.signing.lasting(*await _signed(request, self.url))
        return web.Response(text=urlencode(answer) if answer else "no", status=_status(answer))

    # -- the API ----------------------------------------------------------------------------------

    async def _me(self, request: web.Request) -> web.Response:
        header = request.headers.get("Authorization", "")
        if header.startswith("OAuth "):
            user = self.signing.user_of(*await _signed(request, self.url))
        else:
            grant = self.authority.bearer(header.removeprefix("Bearer "))
            user = grant.user if grant else ""
        if not user:
            self.authority.counts["unauthorised"] += 1
            return web.json_response(
                {"error": "invalid_token"},
                status=401,
                headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
            )
        return web.json_response({"id": user, "acct": user})


def _not_now(lie: TokenLie) -> web.Response:
    match lie:
        case TokenLie.RATE_LIMITED:
            return web.json_response(
                {"error": "too many"}, status=429, headers={"Retry-After": "120"}
            )
        case TokenLie.HTML:
            return web.Response(status=200, text="<h1>Welcome</h1>", content_type="text/html")
        case _:
            return web.json_response({"error": "temporarily_unavailable"}, status=503)


def _page(heading: str, words: str, here: str) -> web.Response:
    links = " ".join(
        f'<a href="{html.escape(here)}&amp;decision={decision}">{decision}</a>'
        for decision in ("allow", "deny")
    )
    return web.Response(
        text=f"<!doctype html><h1>{heading}</h1><p>{words}</p><p>{links}</p>",
        content_type="text/html",
    )


def _status(answer: object) -> int:
    return 200 if answer else 401


async def _form(request: web.Request) -> dict[str, str]:
    """Return the fields of a form body; a repeated one counts as missing (RFC 6749 §3.2)."""
    if request.content_type != "application/x-www-form-urlencoded":
        return {}
    fields = await request.post()
    return {key: str(fields[key]) for key in fields if len(fields.getall(key)) == 1}


async def _signed(request: web.Request, base: str) -> tuple[str, str, str, list[tuple[str, str]]]:
    fields: list[tuple[str, str]] = []
    if request.content_type == "application/x-www-form-urlencoded":
        fields = [(key, str(value)) for key, value in (await request.post()).items()]
    url = f"{base}{request.rel_url.raw_path}"
    fields += list(request.query.items())
    return request.method, url, request.headers.get("Authorization", ""), fields


async def _run(port: int, lifetime: float) -> None:
    async with OAuthServer(lifetime=lifetime, asks=True, port=port) as server:
        sys.stdout.write(f"OAuth server at {server.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A strict OAuth server for trying things out.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--lifetime", type=float, default=60.0, help="of access tokens, seconds")
    given = parser.parse_args()
    try:
        asyncio.run(_run(given.port, given.lifetime))
    except KeyboardInterrupt:
        sys.exit(130)
