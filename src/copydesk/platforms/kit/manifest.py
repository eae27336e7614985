"""Manifests: what a platform can do and where its limits are, as dated data in `manifest.toml`.

The core never says `if platform == …`; it reads these records. Every limit carries its unit, its
source, the date it was checked, and whether it is only assumed.
"""

from __future__ import annotations

import tomllib
from datetime import date
from enum import StrEnum
from importlib import resources
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from copydesk.core.metrics import Metric
from copydesk.platforms.kit.lifecycle import Version, Window
from copydesk.platforms.kit.pace import Pace, Price
from copydesk.transformation.forms import Form


class Idempotency(StrEnum):
    """What makes a repeated create harmless on the platform, if anything."""

    NONE = "none"
    KEY_HEADER = "key_header"
    CLIENT_ID = "client_id"
    NATURAL_KEY = "natural_key"
    #: the platform refuses the same text soon after, and says which post it means (LinkedIn)
    DETECTOR = "detector"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limit(_Record):
    """One limit: `value` in `unit`, where it was read and when."""

    value: int = Field(ge=0)
    unit: Literal[
        "characters",
        "graphemes",
        "x-weighted",
        "utf16",
        "utf8",
        "codepoints",
        "bytes",
        "items",
        "pixels",
    ]
    source: str
    checked: date
    assumed: bool = False


#: The API version the spoke is pinned to, and when the vendor retires it.
Api = Version


class Reconcile(_Record):
    """How an unknown outcome is resolved: can the spoke look, how long the platform needs to show a
    new post (`delay` seconds), how often to look before a person is asked, and how long what it has
    taken may stay unpublished before a person is asked (`public_within` seconds).

    `absence` is False where what does not show may still be on its way (a mailing): then nobody can
    be sure, and a person is asked rather than sending it again.
    """

    find: bool
    absence: bool = True
    delay: float = Field(default=0.0, ge=0)
    looks: int = Field(default=5, gt=0)
    public_within: float = Field(default=86_400.0, gt=0)

    @property
    def settles(self) -> bool:
        """Return whether looking can prove either way whether a call has landed."""
        return self.find and self.absence


class Manifest(_Record):
    """Everything the engine needs to know about a platform without asking its code."""

    name: str
    title: str
    summary: str
    auth: Literal["none", "token", "password", "oauth2", "secret"]
    api: Api
    idempotency: Idempotency
    idempotency_window: int | None = None
    reconcile: Reconcile
    ordered: bool = True
    concurrency: int = Field(default=1, gt=0)
    batch: int = Field(default=1, gt=0)
    timeout: float = Field(default=30.0, gt=0)
    can_update: bool = False
    #: whether an update changes only what was looked at before it, by a condition that the platform
    #: takes or a comparison at the moment of writing
    keeps_edits: bool = False
    #: whether an update is based on what its account has read last, whoever of us read it: a look
    #: between another's look and update would hide an edit, so it is taken while nobody sends
    reading_rebases: bool = False
    can_delete: bool = False
    local: bool = False
    #: further API versions that the spoke speaks beside the pinned `api`
    versions: tuple[Version, ...] = ()
    #: how long and how often a post may be changed or removed, where the platform limits it
    edits: Window | None = None
    deletes: Window | None = None
    #: what a person can do instead, where nothing can be removed
    no_delete: str = ""
    #: seconds after publishing at which it is looked whether a post still stands as published
    inspect: tuple[float, ...] = ()
    #: the forms a post can take here, the one it takes unless told otherwise first
    forms: tuple[Form, ...] = (Form.ARTICLE,)
    #: what it counts about a post (`Client.metrics`)
    metrics: tuple[Metric, ...] = ()
    #: the `utm_medium` of links that lead from here; "" where links are never tagged, because it is
    #: our own site or no place where people read
    medium: Literal["social", "email", "referral", "community", ""] = "referral"
    #: whether its posts are pages of their own, which other posts announce
    pages: bool = False
    pace: tuple[Pace, ...] = ()
    #: what the platform charges, by action
    price: tuple[Price, ...] = ()
    limits: dict[str, Limit] = Field(default_factory=dict)
    dangerous_defaults: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        labels = [pace.label for pace in self.pace]
        if len(set(labels)) != len(labels):
            raise ValueError("two paces look the same: give them a name")
        if len({price.action for price in self.price}) != len(self.price):
            raise ValueError("two prices for one action")
        return self

    def version(self, name: str) -> Version | None:
        """Return the version called `name` ("": the pinned one), None when the spoke has none."""
        if not name or name == self.api.version:
            return self.api
        return next((v for v in self.versions if v.version == name), None)


def read_manifest(package: str) -> Manifest:
    """Read `manifest.toml` of the platform package `package`.

    Raises `pydantic.ValidationError` naming every field that is wrong.
    """
    text = resources.files(package).joinpath("manifest.toml").read_text(encoding="utf-8")
    return Manifest.model_validate(tomllib.loads(text))
