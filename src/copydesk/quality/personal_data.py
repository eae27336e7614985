"""Finds personal data by shape and checksum: card and bank numbers, phone numbers, secrets.

Evidence says what was found and where, never the value: it is stored, listed and sent on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from copydesk.core.checks import Evidence
from copydesk.core.clues import at_marks

# Patterns begin with the digit or letter itself and look back from there: that is found fast.
_CARD = re.compile(r"\d(?<![\w.-]\d)(?:[ -]?\d){12,18}(?![\w-]|\.\d)")
_IBAN = re.compile(r"[A-Z](?<!\w[A-Z])[A-Z]\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+\d{1,3}(?:[ ./-]?\(?\d{1,5}\)?){2,6}|\(\d{3}\) ?\d{3}[ .-]\d{4}"
    r"|\d{3}[ .-]\d{3}[ .-]\d{4}|0\d{2,4}[ /-]\d{2,5}(?:[ -]?\d{2,5}){1,3})(?![\w-])"
)
_DIALLED = re.compile(r"[+(\d](?<![\w.+-][+(\d])")
_DIGIT = re.compile(r"\d")
#: The digits of a telephone number, however they are parted; every longer number has them too.
_SEVEN_DIGITS = re.compile(r"\d(?:[ ./()-]{0,3}\d){6}")
# a number too short to be told from others by itself, after a word that says it is one
_LOCAL_PHONE = re.compile(
    r"(?<!\w)(?:call|phone|tel|telephone|telefon\w{0,4}|teléfono|téléphone|ring|mobile|cell|whatsapp"
    r"|text me|anruf\w{0,4}|handy|rufnummer|appel\w{0,3}|llam\w{0,4})(?!\w)"
    r"[^.!?]{0,100}?(?<![\w.,-])(\d{3}[ -]\d{4})(?![\w-]|[.,]\d)",
    re.IGNORECASE,
)
_LOCAL_NUMBER = re.compile(r"\d{3}[ -]\d{4}")
_SOCIAL_SECURITY = re.compile(r"\d(?<![\w-]\d)\d{2}-\d{2}-\d{4}(?![\w-])")
#: What it is, parts (casefolded) of which each match holds one, and its pattern.
_SECRETS: Final = (
    ("private key", ("-----begin ",), re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")),
    ("access key", ("akia", "asia"), re.compile(r"A(?<!\wA)(?:KIA|SIA)[A-Z0-9]{16}(?!\w)")),
    (
        "token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "sk-", "rk-",
         "sk_live_", "rk_live_"),
        re.compile(
            r"(?<!\w)(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|[sr]k-|[sr]k_live_)[\w-]{16,}"
        ),
    ),
    (
        "access key",
        ("aiza", "sg.", "npm_"),
        re.compile(r"(?<!\w)(?:AIza[\w-]{35}|SG\.[\w-]{16,}\.[\w-]{16,}|npm_[A-Za-z0-9]{30,})(?!\w)"),
    ),
    ("bearer token", ("bearer ",), re.compile(r"(?<!\w)Bearer [\w.~+/-]{20,}=*")),
    (
        "passport number",
        ("pas",),
        re.compile(
            r"(?<!\w)(?:passport|reisepass|passeport|pasaporte|passaporto|passaporte"
            r"|paspoort|paszport\w?)"
            r"(?:[ -]?(?:no|nr|num|number|nummer|numéro|número|numero|numer)\.?)?"
            r"(?: is| ist| est| es)?"
            r"[ :#]{1,3}(?=(?:[A-Z]{0,3}\d){4})[A-Z0-9]{7,9}(?!\w)",
            re.IGNORECASE,
        ),
    ),
    ("web token", ("eyj",), re.compile(r"eyJ(?<!\weyJ)[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}")),
    (
        "password",
        ("passw", "pwd", "passe", "contrase", "key", "secret"),
        re.compile(
            r"(?<!\w)(?:password|passwort|passwd|pwd|mot de passe|contraseña|api[ _-]?key|secret)"
            r"(?: is| ist| est| es)?\s{0,2}[:=]?\s{0,2}(?=\S{0,40}\d)[^\s,;]{6,80}",
            re.IGNORECASE,
        ),
    ),
)  # fmt: skip


def luhn(digits: str) -> bool:
    """Whether a card number's check digit is right (ISO/IEC 7812-1)."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban(number: str) -> bool:
    """Whether a bank account number's check digits are right (ISO 13616)."""
    compact = number.replace(" ", "")
    turned = compact[4:] + compact[:4]
    if not 15 <= len(compact) <= 34:
        return False
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def personal_data(text: str) -> Iterator[Evidence]:
    """Yield every find, by its place and without its value."""
    if _DIGIT.search(text):
        yield from _numbers(text)
    folded = text.casefold()
    for noun, parts, pattern in _SECRETS:
        for part in parts:
            if part in folded:
                break
        else:
            continue
        for match in pattern.finditer(text):
            yield _found(noun, match)


def _numbers(text: str) -> Iterator[Evidence]:
    is_long = _SEVEN_DIGITS.search(text) is not None
    for match in _CARD.finditer(text) if is_long else ():
        digits = re.sub(r"\D", "", match[0])
        if digits.isascii() and len(set(digits)) > 1 and luhn(digits):
            yield _found("card number", match)
    for match in _IBAN.finditer(text):
        if iban(match[0]):
            yield _found("bank account number", match)
    if not is_long:
        return
    for match in at_marks(text, _DIALLED, _PHONE):
        if 7 <= sum(c.isdigit() for c in match[0]) <= 15:
            yield _found("phone number", match)
    for match in _LOCAL_PHONE.finditer(text) if _LOCAL_NUMBER.search(text) else ():
        yield Evidence(
            message="personal data: a phone number",
            start=match.start(1),
            end=match.end(1),
        )
    for match in _SOCIAL_SECURITY.finditer(text):
        yield _found("social security number", match)


def _found(noun: str, match: re.Match[str]) -> Evidence:
    return Evidence(message=f"personal data: a {noun}", start=match.start(), end=match.end())
