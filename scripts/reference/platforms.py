"""The feature matrix and one page per platform, from manifests and `quality.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from copydesk.core.money import dollars
from copydesk.platforms.kit.auth import (
    ApiKey,
    AppPassword,
    AuthKind,
    JwtMaker,
    OAuth1,
    OAuth2ClientCredentials,
    OAuth2Code,
    OAuth2Device,
)
from copydesk.platforms.kit.contract import Platform, Setting
from copydesk.platforms.kit.lifecycle import Version, Window
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
_WAYS: Mapping[type, str] = {
    OAuth2Code: "OAuth 2, agreed to on the platform's own page",
    OAuth2Device: "OAuth 2, with a code entered on another screen",
    OAuth2ClientCredentials: "OAuth 2, the app for itself",
    OAuth1: "OAuth 1.0a, agreed to on the platform's own page",
    AppPassword: "a password made for copydesk, traded for sessions",
    ApiKey: "an API key",
    JwtMaker: "a key that signs short-lived tokens",
}
_EDITS = {
    True: "the edit is kept: the update waits for a person",
    False: "an update overwrites it: the platform takes no condition, as far as its documents tell",
}
_BUILT_IN = "copydesk.platforms."


def built_in() -> Mapping[str, Platform]:
    """Return the platforms in this repository by name."""
    return {
        name: load_platform(name)
        for name, module in platform_modules().items()
        if module.startswith(_BUILT_IN)
    }


# -- the overview ---------------------------------------------------------------------------------


def matrix() -> str:
    """Return the overview page."""
    platforms = built_in()
    heads = ("platform", "tier", "sign-in", "repeat-safe by", "can look up", "posts a call", "API")
    abilities = ("platform", "forms", "update", "delete", "looks again", "numbers", "a post costs")
    return page(
        "Platforms",
        "the manifests in src/copydesk/platforms",
        "**Repeat-safe by** is what makes sending the same post twice harmless; **can look up** is"
        " whether copydesk can ask if a post arrived when the answer was lost. Where neither holds,"
        " such a delivery waits for a person. Tiers are explained in"
        " [write a platform](../how-to/write-a-platform.md).",
        table(heads, [_sending(name, p.manifest) for name, p in platforms.items()]),
        "## What each can do",
        "**Forms** are what a post can become there, the usual one first; **looks again** whether"
        " copydesk sees what was changed or removed there later; **numbers** what the platform"
        " counts about a post.",
        table(abilities, [_abilities(name, p.manifest) for name, p in platforms.items()]),
        "## Retired soon",
        "API versions whose end is announced. `copydesk doctor` says so ahead.",
        _retired(platforms),
        "## Assumed",
        "What no official source states. Values are on the safe side; each waits to be checked with"
        " a live account.",
        table(("platform", "what", "value", "why"), _assumed(platforms)),
        "## To do",
        table(("platform", "rule", "what is missing"), _to_do(platforms)),
    )


def _sending(name: str, m: Manifest) -> tuple[object, ...]:
    return (
        _link(name, m),
        _quality(name).tier,
        _yes(not m.local and m.auth != "none", m.auth),
        m.idempotency.replace("_", " "),
        _yes(m.reconcile.find),
        m.batch,
        m.api.version,
    )


def _abilities(name: str, m: Manifest) -> tuple[object, ...]:
    prices = ", ".join(dollars(price.micros) for price in m.price if price.action == "create")
    return (
        _link(name, m),
        ", ".join(m.forms),
        _within(m.edits, is_able=m.can_update),
        _within(m.deletes, is_able=m.can_delete),
        _yes(bool(m.inspect)),
        ", ".join(m.metrics) or "no",
        prices or "none",
    )


def _retired(platforms: Mapping[str, Platform]) -> str:
    rows = [
        (version.sunset, _link(name, p.manifest), version.version, version.source)
        for name, p in platforms.items()
        for version in (p.manifest.api, *p.manifest.versions)
        if version.sunset
    ]
    return table(("on", "platform", "version", "source"), sorted(rows)) if rows else "None."


def _assumed(platforms: Mapping[str, Platform]) -> Iterator[tuple[object, ...]]:
    for name, platform in platforms.items():
        m = platform.manifest
        for key, limit in m.limits.items():
            if limit.assumed:
                yield _link(name, m), key, f"{limit.value:,} {limit.unit}", limit.source
        for pace in m.pace:
            if pace.assumed:
                calls = f"{pace.calls:,} calls in {_span(pace.seconds)}"
                yield _link(name, m), f"pace, {pace.name or 'all calls'}", calls, pace.source
        for price in m.price:
            if price.assumed:
                yield (
                    _link(name, m),
                    f"price of {price.action}",
                    dollars(price.micros),
                    price.source,
                )
        for version in (m.api, *m.versions):
            if version.assumed:
                yield _link(name, m), "API version", version.version, version.source
        for what, window in (("edits", m.edits), ("deletes", m.deletes)):
            if window and window.assumed:
                yield _link(name, m), what, _window(window), window.source


def _to_do(platforms: Mapping[str, Platform]) -> Iterator[tuple[object, ...]]:
    for name, platform in platforms.items():
        for rule, standing in _quality(name).rules.items():
            if standing.status == "todo":
                yield _link(name, platform.manifest), rule.replace("_", " "), standing.reason


# -- one platform ---------------------------------------------------------------------------------


def platform_page(name: str) -> str:
    """Return the page of one platform."""
    platform = load_platform(name)
    m = platform.manifest
    parts = [
        m.summary + ("" if m.summary.endswith(".") else "."),
        "How to set it up, and its quirks:"
        f" [README](../../src/copydesk/platforms/{name}/README.md).",
        "## Facts",
        table(("", ""), _facts(platform)),
        "## Settings",
        "`copydesk accounts add " + name + " --name NAME --set key=value …`; secrets on standard"
        " input or from the environment, never on the command line.",
        table(("setting", "meaning", "default"), map(_setting, platform.settings)),
        "## Limits",
        _limits(m),
    ]
    if m.pace:
        rows = [
            (
                p.name or "all calls",
                f"{p.calls:,} in {_span(p.seconds)}"
                + (f", from midnight {p.resets}" * bool(p.resets)),
                p.scope,
                _source(p.source, p.assumed),
                p.checked,
            )
            for p in m.pace
        ]
        parts += ["## Paces", "copydesk keeps to these by itself, and learns from what it is told."]
        parts.append(table(("calls", "at most", "for each", "source", "checked"), rows))
    if m.price:
        prices = [
            (
                p.action,
                dollars(p.micros),
                "" if p.with_link is None else dollars(p.with_link),
                _source(p.source, p.assumed),
                p.checked,
            )
            for p in m.price
        ]
        parts += ["## Prices"]
        parts.append(table(("one", "costs", "with a link", "source", "checked"), prices))
    parts += ["## API versions", _versions(m)]
    if m.dangerous_defaults:
        parts += ["## Taken care of", "\n".join(f"- {words}" for words in m.dangerous_defaults)]
    parts += ["## Quality", _standing(_quality(name))]
    return page(m.title, f"src/copydesk/platforms/{name}/manifest.toml", *parts)


def _facts(platform: Platform) -> list[tuple[str, object]]:
    m = platform.manifest
    window = f", within {_span(m.idempotency_window)}" if m.idempotency_window else ""
    look = "copydesk cannot look; a person is asked"
    if m.reconcile.find:
        look = (
            f"copydesk looks it up, after {m.reconcile.delay:g} s, up to {m.reconcile.looks} times"
        )
    looks = ", ".join(_span(round(seconds)) for seconds in m.inspect)
    return [
        ("sign-in", m.auth),
        *(("way to connect", _way(kind)) for kind in platform.auth),
        ("forms", ", ".join(m.forms)),
        ("a repeat is harmless by", _REPEATS[m.idempotency] + window),
        ("when the answer was lost", look),
        ("order", "kept" if m.ordered else f"free, {m.concurrency} calls at a time"),
        ("posts a call", m.batch),
        ("a call may take", f"{m.timeout:g} s"),
        ("update", _within(m.edits, is_able=m.can_update)),
        *((("edited there after our look", _EDITS[m.keeps_edits]),) if m.can_update else ()),
        ("delete", _within(m.deletes, is_able=m.can_delete) + _instead(m)),
        ("looked at again", f"after {looks}" if looks else "no"),
        ("numbers", ", ".join(m.metrics) or "none"),
        ("links to your site are tagged", f"utm_medium={m.medium}" if m.medium else "no"),
        ("leaves this machine", _yes(not m.local)),
    ]


def _limits(m: Manifest) -> str:
    if not m.limits:
        return "None."
    rows = [
        (key, f"{limit.value:,} {limit.unit}", _source(limit.source, limit.assumed), limit.checked)
        for key, limit in m.limits.items()
    ]
    heads = ("what", "limit", "source", "checked")
    return (
        table(heads, rows) + "\n\nAn account may know more: a setting of its own goes before these."
    )


def _versions(m: Manifest) -> str:
    def row(version: Version, use: str) -> tuple[object, ...]:
        end = version.sunset or "not announced"
        source = _source(version.source, version.assumed)
        return version.version, use, version.released or "", end, source, version.checked or ""

    rows = [row(m.api, "the usual one"), *(row(version, "also spoken") for version in m.versions)]
    return table(("version", "", "released", "ends", "source", "checked"), rows)


def _way(kind: AuthKind) -> str:
    return next(words for way, words in _WAYS.items() if isinstance(kind, way))


def _instead(m: Manifest) -> str:
    return f"; instead: {m.no_delete}" if not m.can_delete and m.no_delete else ""


def _within(window: Window | None, *, is_able: bool) -> str:
    if not is_able:
        return "no"
    return f"yes, {_window(window)}" if window else "yes"


def _window(window: Window) -> str:
    bounds = [
        f"within {_span(window.within)}" if window.within else "",
        f"{window.times} times" if window.times else "",
    ]
    return ", ".join(bound for bound in bounds if bound)


def _span(seconds: int) -> str:
    """Return a length of time in the largest unit that it is a whole number of."""
    span = timedelta(seconds=seconds)
    for length, word in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        number, rest = divmod(int(span.total_seconds()), length)
        if number and not rest:
            return f"{number:,} {word}{'s' * (number > 1)}"
    return f"{seconds:,} s"


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


def _link(name: str, m: Manifest) -> str:
    return f"[{m.title}]({name}.md)"


def _source(source: str, assumed: bool) -> str:
    return source + (" (assumed)" if assumed else "")


def _yes(is_so: bool, words: str = "yes") -> str:
    return words if is_so else "no"
