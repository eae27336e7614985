"""What stands at the end of a message: signatures, footers, sign-offs; and the greeting on top.

Signatures and footers are dropped with a reason, and only at the end of the author's text. A
sign-off ("Thanks, Ann") is labelled but stays: it is the author's own words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from copydesk.core.submission import SegmentKind
from copydesk.intake.devices import is_device_line
from copydesk.intake.footers import footer_start, is_preheader, is_ruled
from copydesk.intake.lines import Line, label_all

SIGNATURE = "signature"
FOOTER = "legal or mailing-list footer"

#: A signature longer than this is more likely a message with a rule in it.
_SIGNATURE_LINES: Final = 16
_SIGNATURE_CHARACTERS: Final = 1200
#: Signature, disclaimer, list footer, device line, …: more blocks than these are a message.
_CLOSING_BLOCKS: Final = 12

#: A PGP-signed text has "- " in front of it.
_DELIMITER = re.compile(r"(?:- )?(?:--|—|––)[ \t\xa0]?$")
_DELIMITERS: Final = frozenset({"--", "—", "––", "- --", "- —", "- ––"})
_POSTSCRIPT = re.compile(r"p\.?\s?(?:p\.?\s?)?s\b\.?|n\.?b\b\.?|edit:|update:", re.IGNORECASE)
_DRAWN = re.compile(r"[_\-=*—–]{3,}$")

_SIGN_OFF = re.compile(
    r"(?:(?:many |kind |best |warm |warmest |with )*(?:thanks?|thx|tks|thank you|regards|wishes|"
    r"cheers|sincerely|yours|love|best|ta|rgds|br|kr|ciao|peace)(?: (?:so much|a lot|again|"
    r"in advance|and regards|and best regards|truly|sincerely|faithfully|very much|"
    r"for (?:your|the) (?:help|time|support)))*|(?:mit )?(?:freundlichen|besten|lieben|"
    r"vielen|herzlichen|schönen|viele|beste|liebe|schöne|freundliche) "
    r"(?:grüßen?|grüssen?|gruß|dank)|mfg|lg|vg|gruß|grüße|danke(?: im voraus| schön)?|"
    r"(?:bien )?cordialement|merci(?: (?:beaucoup|d'avance|par avance))?|bien à (?:vous|toi)|"
    r"sincères salutations|saludos(?: cordiales)?|un saludo|atentamente|gracias(?: (?:de antemano|"
    r"por (?:su|tu) ayuda))?|muchas gracias|atenciosamente|obrigad[oa]|abraços?|cumprimentos|"
    r"cordiali saluti|distinti saluti|saluti|grazie(?: mille)?|met vriendelijke groet(?:en)?|"
    r"groet(?:en|jes)?|mvg|bedankt|pozdrawiam|z poważaniem|dzięki|dziękuję|"
    r"(?:med )?vänliga hälsningar|mvh\.?|hälsningar|tack|(?:med )?venn?lig hilsen|hilsen|tak|takk|"
    r"ystävällisin terveisin|terveisin|kiitos|s pozdravem|díky|děkuji|"
    r"с уважением|спасибо|с наилучшими пожеланиями|敬具|"
    r"よろしくお願い(?:します|いたします))"
    r"\s?[,.!;:)\-–—]*(?:\s?[:;]-?\))?",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"(?:hi|hello|hey|heya|hiya|dear|good (?:morning|afternoon|evening|day)|greetings|yo|howdy|"
    r"to whom it may concern|hallo|guten (?:tag|morgen|abend)|moin|servus|grüß gott|liebe[rs]?|"
    r"sehr geehrte[rs]?|bonjour|bonsoir|salut|cher|chère|chers|madame|monsieur|"
    r"hola|buen(?:os|as) (?:días|dias|tardes|noches)|estimad[oa]s?|querid[oa]|"
    r"ciao|buongiorno|buonasera|gentile|salve|spettabile|beste|geachte|"
    r"goede(?:morgen|middag|navond)|olá|oi|bom dia|boa (?:tarde|noite)|prezad[oa]s?|car[oa]|"
    r"cześć|dzień dobry|witam|szanown[aiy]|"
    r"hej|hejsan|god (?:morgon|morgen|dag|kväll|aften)|kære|kjære|"
    r"hei|moi|terve|hyvää (?:päivää|huomenta)|ahoj|dobrý den|vážen[áíý]|привет|здравствуйте|"
    r"добрый (?:день|вечер)|доброе утро|уважаем\w+|здравствуй|привіт|добрий (?:день|вечір)|"
    r"вітаю|шановн\w+|здравей(?:те)?|уважаем[иа]|merhaba|selam|sayın|iyi günler|kedves|tisztelt|"
    r"szia(?:sztok)?|bună(?: ziua)?|stimat[eăi]|γεια(?: σ(?:ου|ας))?|καλημέρα|καλησπέρα|"
    r"αγαπητ\w+|chào|xin chào|kính gửi|halo|selamat (?:pagi|siang|sore|malam)|bok|pozdrav|"
    r"poštovan[aei]|dragi|draga|bon dia|benvolgu\w+|שלום|היי|مرحبا|السلام عليكم|สวัสดี|"
    r"こんにちは|お世話になっております|您好|你好|안녕하세요)(?!\w)",
    re.IGNORECASE,
)
_NAME_LINE = re.compile(
    r"[-–—~]{0,2}\s?[^\W\d_][\w.'’\-]*(?:\s[^\W\d_&][\w.'’\-]*){0,3}"
    r"(?:,? (?:ph\.?\s?d|md|mba|esq|jr|sr|dr|msc|bsc)\.?)?\s?[,.!]?"
)
_CONTACT = re.compile(
    r"[\w.+\-]+@[\w\-]+\.\w|https?://|www\.|\+?\d[\d ()./\-]{6,}\d|"
    r"(?:tel|phone|mobile|mob|cell|fax|skype|t|f|m|p)\s?[.:]\s",
    re.IGNORECASE,
)
_FULL_NAME = re.compile(r"[^\W\d_a-z][\w.'’\-]*(?:\s[^\W\d_a-z][\w.'’\-]*){1,3}[,.]?")
#: What an author writes above somebody else's address.
_REFERS = re.compile(
    r"contact|reach|call|e-?mail|writ|ask|detail|address|phone|number|colleague|forward|speak|talk|"
    r"send|kontakt|erreich|schreib|ruf|wend|adress|appel|écri|contact|llam|escrib|scriv|chiam|ligu",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"@[\w\-]+\.\w|https?://|www\.", re.IGNORECASE)
_PHONE_LINE = re.compile(
    r"^(?:[a-z]{1,10}\s?[.:]?\s{0,2})?\+?\(?\d[\d ()./\-]{6,}\d$", re.IGNORECASE | re.MULTILINE
)
_SENTENCE_END = re.compile(r"[.!?…]\s*$")


def mark_closing(region: Sequence[Line], sender: Sequence[str], *, only: bool) -> None:
    """Label signatures, footers and the sign-off at the end of one stretch of the author's text.

    `sender` holds names and addresses the message is known to come from: a block of contact lines
    without a delimiter is only taken for a signature when it names one of them. `only` says that
    the author wrote nothing elsewhere: then a signature needs text above it.
    """
    _mark_delimited(region, sender, only)
    for _ in range(_CLOSING_BLOCKS):
        block = _last_paragraph(region)
        if not block or not (
            _mark_device(block)
            or _mark_footer(region, block, only)
            or _mark_contact(region, block, sender)
        ):
            break
    _mark_sign_off(region, sender)


def mark_greeting(lines: Sequence[Line]) -> None:
    """Label the greeting when it has the first line of the author's text to itself."""
    first = next((line for line in lines if not line.blank and line.kind is None), None)
    if first is None or len(first.bare) > 60:
        return
    match = _GREETING.match(first.bare)
    rest = first.bare[match.end() :] if match else ""
    # "Hi Sam, answers below" says more than hello
    if match and len(rest.split()) <= 4 and not re.search(r"[,!?;:]", rest.strip(" ,!.:")):
        first.label(SegmentKind.GREETING, "greeting")


def greets(line: Line) -> bool:
    """Whether the line begins with a greeting."""
    return _GREETING.match(line.bare) is not None


def signs_off(line: Line) -> bool:
    """Whether the line is what people write above their name, and no more."""
    return _SIGN_OFF.fullmatch(line.bare) is not None


def closes(written: Sequence[Line], sender: Sequence[str]) -> bool:
    """Whether the author has come to an end in `written`, lines that hold text: with a sign-off, a
    signature, the line of a device, or a name in `sender`."""
    tail = written[-_SIGNATURE_LINES:]
    return (
        is_device_line(written[-1].bare)
        or any(line.bare in _DELIMITERS for line in tail)
        or any(_SIGN_OFF.fullmatch(line.bare) for line in tail[-3:])
        or any(line.bare.casefold().strip(" ,.-–") in _own_names(sender) for line in tail[-2:])
    )


def before_signature(written: Sequence[Line]) -> Sequence[Line]:
    """Return those of the lines `written` above a signature or the line of a device."""
    end = next(
        (
            at
            for at, line in enumerate(written)
            if line.bare in _DELIMITERS or is_device_line(line.bare)
        ),
        len(written),
    )
    return written[:end]


def is_contact(line: Line) -> bool:
    """Whether the line holds a way to reach somebody."""
    return _CONTACT.search(line.bare) is not None


def mark_preheader(lines: Sequence[Line]) -> None:
    """Label what a newsletter puts above its text: a link to itself."""
    first = next((line for line in lines if not line.blank), None)
    if first is not None and first.kind is None and is_preheader(first.bare):
        first.label(SegmentKind.BOILERPLATE, "preheader", dropped_because=FOOTER)


def _open(region: Sequence[Line]) -> list[int]:
    return [at for at, line in enumerate(region) if line.kind is None and not line.blank]


def _last_paragraph(region: Sequence[Line]) -> list[Line]:
    """Return the last lines without a label, back to a blank line."""
    block: list[Line] = []
    for line in reversed(region):
        if line.kind is not None:
            if block:
                break
            continue
        if line.blank:
            if block:
                break
            continue
        block.append(line)
    return block[::-1]


def _mark_delimited(region: Sequence[Line], sender: Sequence[str], only: bool) -> None:
    for at in range(len(region) - 1, -1, -1):
        line = region[at]
        if line.kind is not None or line.bare not in _DELIMITERS:
            continue
        if not _DELIMITER.match(line.text.lstrip()):
            continue
        below = region[at + 1 :]
        if next((x.bare for x in reversed(region[:at]) if not x.blank), "").endswith((":", "：")):
            return  # what is announced is no signature
        end = next((n for n, line in enumerate(below) if _POSTSCRIPT.match(line.bare)), len(below))
        end = min(end, _goes_on(below[:end]))
        block = [line for line in below[:end] if not line.blank]
        proper = region[at].text.rstrip("\xa0 ") != region[at].text
        if len(block) > _SIGNATURE_LINES or sum(len(x.bare) for x in block) > _SIGNATURE_CHARACTERS:
            return
        if not proper and (
            any(map(reads_like_prose, block)) or not any(_identifies(x, sender) for x in block)
        ):
            return
        if any(line.kind is not None for line in block):
            return
        if not only or _open(region[:at]):
            label_all(
                region[at : at + 1 + end],
                SegmentKind.SIGNATURE,
                "signature-delimiter",
                confidence=1.0 if proper else 0.8,
                dropped_because=SIGNATURE,
            )
        # "-- " may stand twice: the author's signature, then a footer's
        if not block or at < len(region) - _SIGNATURE_LINES:
            return


def _goes_on(below: Sequence[Line]) -> int:
    """Return where the author goes on below a signature: at a paragraph of its own that is prose
    and no notice."""
    for at, line in enumerate(below):
        if not at or line.blank or not below[at - 1].blank or line.kind is not None:
            continue
        if not any(not each.blank for each in below[:at]):
            continue
        following = [each.bare for each in below[at:] if not each.blank]
        ends = _SENTENCE_END.search(line.bare) is not None
        if ends and reads_like_prose(line) and footer_start(following) < 0:
            return at
    return len(below)


def _identifies(line: Line, sender: Sequence[str]) -> bool:
    """Whether the line says who somebody is: a name in capitals, a way to reach them."""
    name = _NAME_LINE.fullmatch(line.bare) is not None and line.bare.lstrip("-–—~ ")[:1].isupper()
    return name or _CONTACT.search(line.bare) is not None or names_sender(line.bare, sender)


def reads_like_prose(line: Line) -> bool:
    """Whether the line is too long for a signature, or a sentence."""
    words = line.bare.split()
    return len(words) > 11 or (len(words) > 5 and _SENTENCE_END.search(line.bare) is not None)


def _mark_device(block: list[Line]) -> bool:
    if not is_device_line(block[-1].bare):
        return False
    block[-1].label(SegmentKind.SIGNATURE, "device-line", dropped_because=SIGNATURE)
    return True


def _mark_footer(region: Sequence[Line], block: list[Line], only: bool) -> bool:
    at = next(n for n, line in enumerate(region) if line is block[0])
    # a message that is nothing but a notice is its author's text
    if only and not _open(region[:at]) and not is_ruled(block[0].bare):
        return False
    index = footer_start([line.bare for line in block])
    if index < 0:
        return False
    label_all(block[index:], SegmentKind.BOILERPLATE, "footer", dropped_because=FOOTER)
    if index == 0 and at and is_ruled(region[at - 1].bare):
        region[at - 1].label(SegmentKind.BOILERPLATE, "footer", dropped_because=FOOTER)
    return True


def _mark_contact(region: Sequence[Line], block: list[Line], sender: Sequence[str]) -> bool:
    """Label a contact block that names the sender. Without that name it may be the message."""
    at = next(n for n, line in enumerate(region) if line is block[0])
    top = next((n for n in range(at, max(-1, at - 30), -1) if _DRAWN.match(region[n].bare)), -1)
    if top >= 0 and _open(region[:top]):
        lines = [line for line in region[top + 1 :] if line.kind is None and not line.blank]
        start = top
    else:
        lines, start = block, at
        while lines and _SIGN_OFF.fullmatch(lines[0].bare):
            lines, start = lines[1:], start + 1
    if not lines or len(lines) > _SIGNATURE_LINES or any(len(line.bare) > 80 for line in lines):
        return False
    before = [line for line in region[:start] if line.kind is None and not line.blank]
    if not before or before[-1].bare.endswith(":") or any(map(reads_like_prose, lines)):
        return False
    contacts = sum(_CONTACT.search(line.bare) is not None for line in lines)
    if sender:
        named = names_sender(" ".join(line.bare for line in lines[:3]), sender)
        enough = contacts >= (1 if _NAME_LINE.fullmatch(lines[0].bare) else 2)
    else:
        named = _introduces_itself(lines, before[-1]) or (top >= 0 and _is_card(lines))
        enough = contacts >= 2
    if not named or not enough:
        return False
    label_all(
        region[start:],
        SegmentKind.SIGNATURE,
        "contact-block",
        confidence=0.8,
        dropped_because=SIGNATURE,
    )
    return True


def _is_card(lines: Sequence[Line]) -> bool:
    """Whether lines below a drawn rule hold a telephone number beside an address."""
    text = "\n".join(line.bare for line in lines)
    return _PHONE_LINE.search(text) is not None and _ADDRESS.search(text) is not None


def _introduces_itself(lines: Sequence[Line], above: Line) -> bool:
    """Whether a contact block is its writer's own although nobody said who that is.

    It begins with a name, and either stands below a sign-off or holds an address made of the name.
    "Please ask my colleague:" above it says that it is somebody else's.
    """
    first = lines[0].bare
    if not _FULL_NAME.fullmatch(first):
        return False
    if _SIGN_OFF.fullmatch(above.bare):
        return True
    rest = " ".join(line.bare for line in lines[1:]).casefold()
    own = any(f"{word}@" in rest or f"{word}." in rest for word in first.casefold().split())
    return own and _SENTENCE_END.search(above.bare) is not None and not _REFERS.search(above.bare)


def names_sender(text: str, sender: Sequence[str]) -> bool:
    """Whether `text` holds one of the names and addresses in `sender`."""
    folded = text.casefold()
    return any(len(name) > 2 and name.casefold() in folded for name in sender)


def _own_names(sender: Sequence[str]) -> frozenset[str]:
    names = [name.casefold() for name in sender if name and "@" not in name]
    return frozenset(names) | {name.split()[0] for name in names if len(name.split()[0]) > 1}


def _mark_sign_off(region: Sequence[Line], sender: Sequence[str]) -> None:
    """Label "Thanks,\\nAnn" at the end. It stays in the text."""
    open_lines = [line for line in region if line.kind is None and not line.blank]
    if len(open_lines) < 2:
        return
    tail = open_lines[-3:]
    for index, line in enumerate(tail):
        rest = tail[index + 1 :]
        if _SIGN_OFF.fullmatch(line.bare) and all(
            len(each.bare) <= 40 and _NAME_LINE.fullmatch(each.bare) for each in rest
        ):
            label_all([line, *rest], SegmentKind.SIGNATURE, "sign-off", confidence=0.7)
            return
    last = tail[-1]
    if last.bare[:1] in "-–—~" and len(last.bare) <= 40 and _NAME_LINE.fullmatch(last.bare):
        last.label(SegmentKind.SIGNATURE, "sign-off", confidence=0.6)
    elif last.bare.casefold().strip(" ,.-–") in _own_names(sender):
        last.label(SegmentKind.SIGNATURE, "sign-off", confidence=0.7)
