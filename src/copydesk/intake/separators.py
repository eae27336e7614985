"""What stands between a reply and the message it answers, line by line, in a dozen languages.

The words come from what mail programs write: attribution lines ("On … wrote:"), header blocks
("From: … Sent: …") and rules such as "-----Original Message-----". Everything here works on one
line or a few neighbours and cannot backtrack across a message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from copydesk.intake.lines import Line

#: An attribution may be wrapped over this many lines.
ATTRIBUTION_LINES: Final = 4
_ATTRIBUTION_LENGTH: Final = 400

_ADDRESS = re.compile(r"[\w.+\-]{1,64}@[\w\-]+(?:\.[\w\-]+)*")
#: An address as mail programs write it; people seldom type the brackets.
_BRACKETED = re.compile(
    r"[<\[(]\s*\[?(?:mailto:)?[\w.+\-=]{1,128}@[\w.\-]{1,128}|\]\(mailto:", re.IGNORECASE
)
_CLOCK = re.compile(r"\b\d{1,2}[:.h]\d{2}\b")
_DIGIT = re.compile(r"\d")
_OPENER = re.compile(
    r"(?:-{2,}\s*)?(?:on|am|at|le|el|il|op|em|w dniu|dnia|den|på|på den|d\.|dne|ve|в|tarihinde|"
    r"pada|la|a|kl\.?|ons?|tir?s?|tors?|fre|lør|man|vào|ngày|στις|dana|katu|"
    r"mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|"
    r"пн|вт|ср|чт|пт|сб|вс|\d{1,4}[./\-年])[\s,.\d]",
    re.IGNORECASE,
)
#: "wrote" as mail programs say it. Whole words, so that "wroteup" stays text.
_WROTE = re.compile(
    r"(?<!\w)(?:wrote|writes|schrieb|schreibt|a écrit|écrit|escribió|escribio|ha scritto|scrisse|"
    r"schreef|heeft geschreven|geschreven|escreveu|napisał\(?a?\)?|napisał|napisała|pisze|skrev|"
    r"skriver|kirjoitti|napsal\(?a?\)?|napsal|napsala|написал\(?а?\)?|написал|написала|писал|"
    r"пишет|написав|a scris|írta|έγραψε|yazdı|şunu yazdı|menulis|đã viết|kirjutas|pisał|"
    r"het volgende geschreven)(?!\w)|写道|寫道|書きました|wrote:|のメール|작성",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"[-_=*\s>]{0,40}(?:original message|reply message|ursprüngliche nachricht|"
    r"originalnachricht|message d'origine|message d’origine|message original|mensaje original|"
    r"messaggio originale|oorspronkelijk bericht|mensagem original|wiadomość oryginalna|"
    r"oryginalna wiadomość|ursprungligt meddelande|originalmeddelande|oprindelig meddelelse|"
    r"original meddelelse|opprinnelig melding|alkuperäinen viesti|původní zpráva|"
    r"исходное сообщение|оригинальное сообщение|eredeti üzenet|mesaj original|元のメッセージ|"
    r"原始邮件|原始郵件|원본 메시지)\s?[-_=*\s]{0,40}",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"(?:[-_=*\s]{2,40}(?:forwarded (?:message|by .{1,60})|weitergeleitete nachricht|"
    r"message transf[ée]r[ée]|mensaje reenviado|messaggio inoltrato|doorgestuurd bericht|"
    r"mensagem (?:encaminhada|reencaminhada)|przekazana wiadomość|vidarebefordrat meddelande|"
    r"videresendt (?:meddelelse|melding)|välitetty viesti|edelleenlähetetty viesti|"
    r"přeposlaná zpráva|пересылаемое сообщение|転送メッセージ|轉寄的郵件|转发邮件|전달된 메시지)"
    r"[-_=*\s]{0,40}"
    r"|(?:begin forwarded message|anfang der weitergeleiteten nachricht|"
    r"début du message (?:transféré|réexpédié)|inicio del mensaje reenviado|"
    r"inizio messaggio inoltrato|begin doorgestuurd bericht|início da mensagem (?:encaminhada|"
    r"reencaminhada)|początek przekazywanej wiadomości|vidarebefordrat brev|"
    r"start på videresendt besked|start på videresendt melding|välitetty viesti alkaa|"
    r"začátek přeposílané zprávy|начало переадресованного сообщения)\s?:)",
    re.IGNORECASE,
)
_RULE = re.compile(r"[-_=*—–]{3,}\s*$")

_FIELDS: Final = {
    "from": "from von de da van od från fra lähettäjä от feladó gönderen "
    "差出人 发件人 寄件者 보낸사람",
    "date": "sent date gesendet datum envoyé enviado enviada inviato data verzonden wysłano "
    "skickat sendt dato lähetetty odesláno отправлено дата fecha päivämäärä päiväys dátum "
    "送信日時 发送时间 日期",
    "to": "to an à a para aan do till til vastaanottaja komu кому címzett kime "
    "宛先 收件人 받는사람",
    "subject": "subject betreff objet asunto oggetto onderwerp assunto temat ämne emne aihe "
    "předmět тема tárgy konu 件名 主题 主旨 제목",
    "cc": "cc kopie copie kopia kopi kopio копия reply-to antwort-an bcc",
}
_ROLE: Final = {word: role for role, words in _FIELDS.items() for word in words.split()}
_FIELD = re.compile(r"[>*_\s]{0,6}([\w\-]{1,16})\s?[*_]{0,2}\s?[:：]\s?[*_]{0,2}\s?(.{0,400})")


def is_rule(line: Line) -> bool:
    """Whether the line is nothing but a drawn rule (`-----`, `____`)."""
    return _RULE.match(line.bare) is not None


def is_original_marker(line: Line) -> bool:
    """Whether the line announces the original message (`-----Original Message-----`)."""
    bare = line.bare
    return bare[:2] in ("--", "__", "==", "**") and _ORIGINAL.fullmatch(bare) is not None


def is_forward_marker(line: Line) -> bool:
    """Whether the line announces a forwarded message."""
    return len(line.bare) < 160 and _FORWARDED.fullmatch(line.bare) is not None


def names_address_in_brackets(text: str) -> bool:
    """Whether `text` holds an address the way mail programs write it."""
    return _BRACKETED.search(text) is not None


def attribution(lines: Sequence[Line], last: int) -> int:
    """Return the first line of the attribution that ends on line `last`, or -1.

    An attribution ends with a colon, names a day or an address, and says "wrote" or carries both
    an address and a time. It may be wrapped over `ATTRIBUTION_LINES` lines.
    """
    if not lines[last].bare.endswith((":", "：", "a écrit", "schrieb")):
        return -1
    text = ""
    single = -1
    for first in range(last, max(-1, last - ATTRIBUTION_LINES), -1):
        line = lines[first]
        if line.blank or line.bare.startswith(">") or line.kind is not None:
            break
        text = f"{line.bare} {text}" if text else line.bare
        if len(text) > _ATTRIBUTION_LENGTH:
            break
        address = _ADDRESS.search(text) is not None
        says = _WROTE.search(text) is not None
        starts = _OPENER.match(line.bare) is not None
        if starts and _DIGIT.search(text) and (says or (address and _CLOCK.search(text))):
            return first
        if says and address and first == last:
            # "ann@example.com writes:" needs no day, but a line above may still begin with one
            single = first
    return single


def names_writer(line: Line) -> bool:
    """Whether the line is the plainest attribution of all, "Name wrote:"."""
    bare = line.bare
    return len(bare) <= 120 and bare.endswith((":", "：")) and _WROTE.search(bare[-40:]) is not None


def header_block(lines: Sequence[Line], first: int, *, announced: bool = False) -> int:
    """Return the line after the header block that begins at `first`, or -1 when there is none.

    A block names the sender and at least two more fields (one when `announced` by a marker), and
    either an address, or a subject with a time: "From: Berlin / To: Paris" is somebody's text.
    """
    roles: dict[str, str] = {}
    position = first
    misses = 0
    while position < len(lines) and position - first < 24:
        line = lines[position]
        found = _field(line)
        if found is None:
            if not roles or misses or line.blank:
                break
            # one wrapped value, such as a long list of addressees
            misses += 1
        else:
            role, value = found
            if role in roles:
                break
            roles[role] = value
            misses = 0
        position += 1
    position -= misses
    if "from" not in roles or len(roles) < (2 if announced else 3):
        return -1
    values = " ".join(roles.values())
    dated = _DIGIT.search(roles.get("date", "")) is not None
    return (
        position if announced or _ADDRESS.search(values) or ("subject" in roles and dated) else -1
    )


def begins_field(line: Line) -> bool:
    """Whether the line is one field of a header block, such as "Sent: Monday"."""
    return _field(line) is not None


def _field(line: Line) -> tuple[str, str] | None:
    bare = line.bare
    if ":" not in bare[:30] and "：" not in bare[:30]:
        return None
    match = _FIELD.match(bare)
    role = _ROLE.get(match.group(1).lower()) if match else None
    return (role, match.group(2)) if match and role else None
