"""The ways an account can prove who it is, as data. A platform says which it offers.

Nothing here makes a call or reads a clock: the flows are pure functions in `auth_oauth2`,
`auth_oauth1` and `auth_jwt`, and `distribution.credentials` alone decides when to use them.

What a way leads to is a set of secrets. Whatever it is, the spoke finds what it sends as
`access_token`, unless its platform says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Final, Literal

#: Names of the secrets that belong to a credential and not to the operator.
ACCESS_TOKEN: Final = "access_token"
REFRESH_TOKEN: Final = "refresh_token"
TOKEN_SECRET: Final = "token_secret"
CLIENT_ID: Final = "client_id"
CLIENT_SECRET: Final = "client_secret"
CREDENTIAL_KEYS: Final = frozenset(
    {ACCESS_TOKEN, REFRESH_TOKEN, TOKEN_SECRET, CLIENT_ID, CLIENT_SECRET}
)


class ClientAuth(StrEnum):
    """How an app proves itself at the token endpoint (RFC 6749 §2.3)."""

    NONE = "none"  # a public client: its id goes into the body
    POST = "client_secret_post"
    BASIC = "client_secret_basic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where an authorization server listens; "" for what it does not have."""

    authorize: str = ""
    token: str = ""
    revoke: str = ""
    device: str = ""
    register: str = ""
    request_token: str = ""


#: Account settings → endpoints: some platforms have a server for each instance.
EndpointsOf = Callable[[Mapping[str, str]], Endpoints]


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2Code:
    """OAuth 2 authorization code with PKCE (RFC 6749 §4.1, RFC 7636).

    `required` scopes are asked for and must be granted; `optional` ones are asked for. `extra`
    goes into the authorization address, `extra_token` into every token request. `renewable` is
    False where no refresh token exists: a person connects again before it ends. `registers` says
    how an app is registered on the fly where the operator gave none.
    """

    name: ClassVar[str] = "oauth2"
    endpoints: EndpointsOf
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    scope_separator: str = " "
    pkce: bool = True
    client_auth: ClientAuth = ClientAuth.BASIC
    client_id_field: str = "client_id"
    extra: Mapping[str, str] = field(default_factory=dict)
    extra_token: Mapping[str, str] = field(default_factory=dict)
    renewable: bool = True
    registers: Literal["", "mastodon", "rfc7591"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2ClientCredentials:
    """OAuth 2 client credentials (RFC 6749 §4.4): the app speaks for itself, nobody is asked."""

    name: ClassVar[str] = "client_credentials"
    endpoints: EndpointsOf
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    scope_separator: str = " "
    client_auth: ClientAuth = ClientAuth.BASIC
    client_id_field: str = "client_id"
    extra_token: Mapping[str, str] = field(default_factory=dict)
    renewable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2Device:
    """OAuth 2 device authorization (RFC 8628): a person enters a code on another screen."""

    name: ClassVar[str] = "device"
    endpoints: EndpointsOf
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    scope_separator: str = " "
    client_auth: ClientAuth = ClientAuth.NONE
    client_id_field: str = "client_id"
    extra_token: Mapping[str, str] = field(default_factory=dict)
    renewable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth1:
    """OAuth 1.0a (RFC 5849), three-legged; every call is signed by the transport."""

    name: ClassVar[str] = "oauth1"
    endpoints: EndpointsOf
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPassword:
    """A password made for us, traded for sessions by the spoke (`Client.renew`)."""

    name: ClassVar[str] = "app_password"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key or token that a person makes on the platform and pastes; it does not change."""

    name: ClassVar[str] = "api_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtMaterial:
    """What one signed token is made of. `key` is a shared secret or a PEM private key."""

    key: bytes = field(repr=False)
    header: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtMaker:
    """Short-lived tokens signed with a key that never leaves us; each lasts `lifetime` seconds.

    `material` makes it from the account's secrets and settings; raises `ValueError` in words for a
    key that cannot be one.
    """

    name: ClassVar[str] = "jwt"
    material: Callable[[Mapping[str, str], Mapping[str, str]], JwtMaterial]
    algorithm: str = "HS256"
    lifetime: int = 300


AuthKind = (
    OAuth2Code | OAuth2ClientCredentials | OAuth2Device | OAuth1 | AppPassword | ApiKey | JwtMaker
)

#: The ways in which a person has to agree on the platform's own pages.
Interactive = OAuth2Code | OAuth2Device | OAuth1


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What a platform knows our program as. A public one has no secret."""

    client_id: str
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What an authorization server handed out.

    `expires_in` and `refresh_expires_in` are seconds from the answer; None when it did not say,
    which stays unknown. `refresh_token` is "" when none came: the one we have stays. `scopes` is
    None when the answer names none: then it is what was asked for. `more` are further secrets.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_in: float | None = None
    refresh_expires_in: float | None = None
    scopes: tuple[str, ...] | None = None
    more: Mapping[str, str] = field(default_factory=dict, repr=False)


def asked_scopes(kind: AuthKind) -> tuple[str, ...]:
    """Return every scope this way asks for, required ones first."""
    match kind:
        case OAuth2Code() | OAuth2ClientCredentials() | OAuth2Device():
            return (*kind.required, *(s for s in kind.optional if s not in kind.required))
        case _:
            return ()


def missing_scopes(kind: AuthKind | None, granted: str) -> tuple[str, ...]:
    """Return the required scopes that `granted` (space-separated; "" is unknown) does not have.

    A scope includes those below it: `write` stands for `write:statuses`, as Mastodon has it.
    """
    if not granted or not isinstance(kind, OAuth2Code | OAuth2ClientCredentials | OAuth2Device):
        return ()
    have = set(granted.split())
    return tuple(s for s in kind.required if s not in have and s.partition(":")[0] not in have)


__all__ = [
    "ACCESS_TOKEN",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CREDENTIAL_KEYS",
    "REFRESH_TOKEN",
    "TOKEN_SECRET",
    "ApiKey",
    "App",
    "AppPassword",
    "AuthKind",
    "ClientAuth",
    "Endpoints",
    "EndpointsOf",
    "Grant",
    "Interactive",
    "JwtMaker",
    "JwtMaterial",
    "OAuth1",
    "OAuth2ClientCredentials",
    "OAuth2Code",
    "OAuth2Device",
    "asked_scopes",
    "missing_scopes",
]
