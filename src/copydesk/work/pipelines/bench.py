"""What a pipeline works with, and how a project equips it: as it does messages.

A text gets the version in force, and while a release is on trial its share of texts gets that one.
Nothing is counted for the trial: a text that is not kept can be judged by nobody later.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from copydesk.core.release import Arm
from copydesk.generation.prompts import PromptVersion
from copydesk.quality.policy import Policy
from copydesk.work.models.opening import opened_models, routed_model
from copydesk.work.models.routed import TieredModel
from copydesk.work.releases.placing import version_for_text
from copydesk.work.writing.consulting import Consulted, consult

if TYPE_CHECKING:
    from copydesk.work.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a pipeline works with: models or none, a clock, and fresh random delimiters.

    `monotonic` returns seconds and only measures what checks cost; `delimiter` returns 8 to 64
    random letters and digits; `consult` looks up what our own texts say about one, where there are
    any; `policy` says how the gate judges. `prompt` is the consolidated one, None for the current.
    `trial` names the release on trial that all this belongs to, "" for none.
    """

    model: TieredModel | None
    monotonic: Callable[[], float]
    delimiter: Callable[[], str]
    consult: Callable[[str], Awaitable[Consulted]] | None = None
    policy: Policy = field(default_factory=Policy)
    prompt: PromptVersion | None = None
    trial: str = ""


@asynccontextmanager
async def opened_bench(desk: Desk, raw: bytes) -> AsyncIterator[Bench]:
    """Give what the text `raw` is put through a pipeline with; the same text gets the same.

    Raises `ConfigError` when a configured model cannot be opened.
    """
    async with opened_models(desk) as opened:
        placed = await version_for_text(opened, hashlib.sha256(raw).hexdigest())
        is_new = placed.release is not None and placed.arm is Arm.NEW
        yield Bench(
            model=routed_model(placed.desk),
            monotonic=desk.clock.monotonic,
            delimiter=lambda: f"{desk.random.getrandbits(128):032x}",
            consult=partial(consult, desk),
            policy=desk.policy,
            prompt=placed.prompt,
            trial=placed.release.name if placed.release is not None and is_new else "",
        )
