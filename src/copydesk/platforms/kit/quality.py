"""Quality tiers: what each promises, and the state of a platform's promises in `quality.toml`.

A rule is `done`, `todo` or `exempt`; the last two need a reason. A platform stands in a tier when
all rules up to it are done or exempt.
"""

from __future__ import annotations

import tomllib
from enum import StrEnum
from importlib import resources
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict


class Tier(StrEnum):
    """How much a platform can be relied on, from `bronze` to `platinum`."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"


#: The rules of each tier. A tier includes all tiers before it.
RULES: Final[dict[Tier, tuple[str, ...]]] = {
    Tier.BRONZE: ("manifest", "validate", "publish", "error_table", "contract_suite", "readme"),
    Tier.SILVER: ("idempotent_publish", "snooze_on_limits", "token_refresh", "update_delete"),
    Tier.GOLD: (
        "webhooks",
        "metrics",
        "media_upload",
        "threads",
        "preview",
        "diagnostics_redacted",
    ),
    Tier.PLATINUM: ("strict_typing", "api_version_pinned", "property_tests", "live_smoke"),
}


class Rule(BaseModel):
    """Where a platform stands with one rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Literal["done", "todo", "exempt"]
    reason: str = ""


class Quality(BaseModel):
    """A platform's `quality.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: Tier
    rules: dict[str, Rule]

    def problems(self) -> list[str]:
        """Return all that keeps this record from being true, in words; [] when it is fine."""
        known = [rule for rules in RULES.values() for rule in rules]
        problems = [f"rule {name!r} is not mentioned" for name in known if name not in self.rules]
        problems += [f"there is no rule {name!r}" for name in self.rules if name not in known]
        problems += [
            f"rule {name!r} is {rule.status} without a reason"
            for name, rule in self.rules.items()
            if rule.status != "done" and not rule.reason.strip()
        ]
        tiers = list(Tier)
        for tier in tiers[: tiers.index(self.tier) + 1]:
            problems += [
                f"tier {self.tier} needs {name!r}, which is still to do"
                for name in RULES[tier]
                if name in self.rules and self.rules[name].status == "todo"
            ]
        return problems


def read_quality(package: str) -> Quality:
    """Read `quality.toml` of the platform package `package`.

    Raises `FileNotFoundError` without one, `pydantic.ValidationError` naming what is wrong in it.
    """
    text = resources.files(package).joinpath("quality.toml").read_text(encoding="utf-8")
    return Quality.model_validate(tomllib.loads(text))
