"""The feature matrix and one page per platform, from manifests and `quality.toml`."""

from __future__ import annotations

from collections.abc import Mapping

from copydesk.core.money import dollars
from copydesk.platforms.kit.contract import Platform, Setting
from copydesk.platforms.kit.manifest import Idempotency, Manifest
from copydesk.platforms.kit.quality import RULES, Quality, read_quality
from copydesk.platforms.kit.registry import load_platform, platform_modules
from reference.markdown import page, table

_REPEATS = {
    Idempotency.NONE: "nothing makes a repeat harmless",
    Idempotency.KEY_HEADER: "an idempotency key sent with the call",
    Idempotency.CLIENT_ID: "an id of ours that the platform keeps unique",
    Idempotency.NATURAL_KEY: "the post's own place: writing it again changes nothing",
    Idempotency.DETECTOR: "the platform's duplicate detector, which names the post that is there",
}
_BUILT_IN = "copydesk.platforms."


def built_in() -> Mapping[str, Platform]:
    """Return the platforms in this repository by name."""
    return {
        name: load_platform(name)
        for name, module in platform_modules().items()
        if module.startswith(_BUILT_IN)
    }


def matrix() -> str:
    """Return the overview page."""
    rows = []
    for name, platform in built_in().items():
        m = platform.manifest
        rows.append(
            (
                f"[{m.title}]({name}.md)",
                _quality(name).tier,
                _yes(not m.local and m.auth != "none", m.auth),
                m.idempotency.replace("_", " "),
                _yes(m.reconcile.find),
                _yes(m.can_update),
                _yes(m.can_delete),
                m.batch,
                m.api.version,
            )
        )
    heads = ("platform", "tier", "sign-in", "repeat-safe by", "can look up", "update", "delete")
    return page(
        "Platforms",
        "the manifests in src/copydesk/platforms",
        "**Repeat-safe by** is what makes sending the same post twice harmless; **can look up** is"
        " whether copydesk can ask if a post arrived when the answer was lost. Where neither holds,"
        " such a delivery waits for a person. Tiers are explained in"
        " [write a platform](../how-to/write-a-platform.md).",
        table((*heads, "posts a call", "API"), rows),
    )


def platform_page(name: str) -> str:
    """Return the page of one platform."""
    platform = load_platform(name)
    m = platform.manifest
    parts = [
        m.summary + ("" if m.summary.endswith(".") else "."),
        "How to set it up, and its quirks:"
        f" [README](../../src/copydesk/platforms/{name}/README.md).",
        "## Facts",
        table(("", ""), _facts(m)),
        "## Settings",
        "`copydesk accounts add " + name + " --name NAME --set key=value …`; secrets on standard"
        " input or from the environment, never on the command line.",
        table(("setting", "meaning", "default"), map(_setting, platform.settings)),
        "## Limits",
    ]
    if m.limits:
        rows = [
            (
                key,
                f"{limit.value:,} {limit.unit}",
                _source(limit.source, limit.assumed),
                limit.checked,
            )
            for key, limit in m.limits.items()
        ]
        parts.append(table(("what", "limit", "source", "checked"), rows))
        parts.append("An account may know more: a setting of its own goes before these.")
    else:
        parts.append("None.")
    if m.dangerous_defaults:
        parts += ["## Taken care of", "\n".join(f"- {words}" for words in m.dangerous_defaults)]
    parts += ["## Quality", _standing(_quality(name))]
    return page(m.title, f"src/copydesk/platforms/{name}/manifest.toml", *parts)


def _facts(m: Manifest) -> list[tuple[str, object]]:
    window = f", within {m.idempotency_window:,} s" if m.idempotency_window else ""
    look = "copydesk cannot look; a person is asked"
    if m.reconcile.find:
        look = (
            f"copydesk looks it up, after {m.reconcile.delay:g} s, up to {m.reconcile.looks} times"
        )
    sunset = f", retired on {m.api.sunset}" if m.api.sunset else ""
    facts: list[tuple[str, object]] = [
        ("sign-in", m.auth),
        ("API", m.api.version + sunset + (f" ({m.api.source})" if m.api.source else "")),
        ("a repeat is harmless by", _REPEATS[m.idempotency] + window),
        ("when the answer was lost", look),
        ("order", "kept" if m.ordered else f"free, {m.concurrency} calls at a time"),
        ("posts a call", m.batch),
        ("a call may take", f"{m.timeout:g} s"),
        ("update, delete", f"{_yes(m.can_update)}, {_yes(m.can_delete)}"),
        ("leaves this machine", _yes(not m.local)),
    ]
    facts += [
        (
            f"safe pace, {p.name}" if p.name else "safe pace",
            f"{p.calls} calls in {p.seconds} s for each {p.scope}: {_source(p.source, p.assumed)},"
            f" {p.checked}",
        )
        for p in m.pace
    ]
    facts += [
        (
            f"price of one {p.action}",
            dollars(p.micros)
            + ("" if p.with_link is None else f", with a link {dollars(p.with_link)}")
            + f": {_source(p.source, p.assumed)}, {p.checked}",
        )
        for p in m.price
    ]
    return facts


def _setting(setting: Setting) -> tuple[str, str, str]:
    key, words = setting.key, setting.help
    if setting.choices:
        words += f" (one of: {', '.join(setting.choices)})"
    if setting.secret:
        words += "; secret"
    default = "required" if setting.required else setting.default
    if setting.generate:
        default = "made when not given"
    return f"`{key}`", words, default


def _quality(name: str) -> Quality:
    return read_quality(_BUILT_IN + name)


def _standing(quality: Quality) -> str:
    rows = [
        (tier, rule.replace("_", " "), quality.rules[rule].status, quality.rules[rule].reason)
        for tier, rules in RULES.items()
        for rule in rules
    ]
    return f"Tier: **{quality.tier}**.\n\n" + table(("tier", "rule", "status", "reason"), rows)


def _source(source: str, assumed: bool) -> str:
    return source + (" (assumed)" if assumed else "")


def _yes(is_so: bool, words: str = "yes") -> str:
    return words if is_so else "no"
