"""The sandbox's knobs: an account's settings, read once into numbers and choices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from copydesk.core.findings import Finding
from copydesk.platforms.kit.signature import signing_keys
from copydesk.platforms.sandbox.faults import Fault

_NUMBERS = (
    "times",
    "latency_ms",
    "timeout_ms",
    "read_delay",
    "retry_after",
    "public_after",
    "parts",
)
_WHOLE = frozenset({"times", "retry_after", "parts"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """How one account's sandbox behaves. `latency`, `timeout` and the delays are in seconds."""

    fault: Fault = Fault.NONE
    times: int = 1
    latency: float = 0.0
    timeout: float = 30.0
    by_key: bool = False
    can_find: bool = True
    read_delay: float = 0.0
    retry_after: int = 60
    public_after: float = 0.0
    parts: int = 1

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> Knobs:
        """Return the knobs in `settings`; raises `ValueError` for what `check_numbers` reports."""
        return cls(
            fault=Fault(settings.get("fault") or "none"),
            times=int(settings.get("times") or 1),
            latency=float(settings.get("latency_ms") or 0) / 1000,
            timeout=float(settings.get("timeout_ms") or 30_000) / 1000,
            by_key=settings.get("idempotency", "none") == "key",
            can_find=settings.get("find", "yes") == "yes",
            read_delay=float(settings.get("read_delay") or 0),
            retry_after=int(settings.get("retry_after") or 60),
            public_after=float(settings.get("public_after") or 0),
            parts=int(settings.get("parts") or 1),
        )


def check_numbers(settings: Mapping[str, str]) -> list[Finding]:
    """Return a finding for every knob that should be a number of 0 or more and is not."""
    return [
        Finding(
            code="setting_not_a_number",
            field=key,
            message=f"{settings[key]!r} is not a number of 0 or more",
            remedy=f"Give it as in --set {key}=1.",
        )
        for key in _NUMBERS
        if settings.get(key) and not _is_amount(settings[key], key in _WHOLE)
    ]


def check_callbacks(settings: Mapping[str, str]) -> list[Finding]:
    """Return what keeps the sandbox from calling back at `callback_url`."""
    url, secret = settings.get("callback_url", ""), settings.get("callback_secret", "")
    findings: list[Finding] = []
    if url and not url.startswith(("http://", "https://")):
        findings.append(
            Finding(
                code="address_invalid",
                field="callback_url",
                message=f"{url!r} is not a web address",
                remedy="It looks like http://127.0.0.1:8642/hooks/acc_….",
            )
        )
    if url or secret:
        try:
            signing_keys(secret)
        except ValueError as problem:
            findings.append(
                Finding(
                    code="secret_invalid",
                    field="callback_secret",
                    message=str(problem),
                    remedy="Give whsec_ and 24 to 64 random bytes in base64.",
                )
            )
    return findings


def _is_amount(text: str, whole: bool) -> bool:
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        return False
    return number >= 0 and math.isfinite(number)
