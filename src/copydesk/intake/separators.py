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
_CLOCK = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)")
_DIGIT = re.compile(r"\d")
_DAY = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\d{1,2}[./\-]\d{1,2}[./\-]\d{2,4}")
_OPENER = re.compile(
    r"(?:-{2,}\s*)?(?:(?:on|am|at|le|el|il|op|em|w dniu|dnia|den|dne|på|på den|d\.|ve|в|на|у|"
    r"tarihinde|pada|la|a|kl\.?|în|vào|ngày|στις|dana|katu|missatge de|בתאריך|في|ในวันที่|"
    r"ons?|tir?s?|tors?|fre|lør|man|mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|"
    r"lun|mar|mer|jeu|ven|sam|dim|po|út|st|čt|pá|so|ne|pon|wt|śr|czw|pt|sob|niedz|ma|ti|ke|to|"
    r"пн|вт|ср|чт|пт|сб|вс|нд|\d{1,4}[./\-年년])[\s,.\d]"
    r"|\d{1,2}\.?\s[^\W\d_]{3,9}\.?,?\s\d{4})",
    re.IGNORECASE,
)
#: "wrote" as mail programs say it. Whole words, so that "wroteup" stays text.
_WROTE = re.compile(
    r"(?<!\w)(?:wrote|writes|schrieb|schreibt|a écrit|écrit|escribió|escribio|ha scritto|scrisse|"
    r"schreef|heeft geschreven|geschreven|escreveu|napisał\(?a?\)?|napisał|napisała|pisze|skrev|"
    r"skriver|kirjoitti|napsal\(?a?\)?|napsal|napsala|napísal\(?a?\)?|napísala|napisal|napisao|"
    r"napisala|написал\(?а?\)?|написала|писал|пишет|написав|написала|пише|написа|написао|a scris|"
    r"írta|έγραψε|yazdı|şunu yazdı|menulis|đã viết|kirjutas|rašė|rakstīja|skrifaði|pisał|"
    r"va escriure|missatge de|het volgende geschreven|כתב|כתבה|מאת|كتب|بواسطة|نوشت)(?!\w)"
    r"|写道|寫道|書きました|wrote:|のメール|작성|เขียนว่า|ने लिखा",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"[-_=*\s>]{0,40}(?:original message|reply message|ursprüngliche nachricht|"
    r"originalnachricht|message d['’]origine|message original|message initial|mensaje original|"
    r"messaggio originale|oorspronkelijk bericht|mensagem original|wiadomość oryginalna|"
    r"oryginalna wiadomość|ursprungligt meddelande|originalmeddelande|oprindelig (?:meddelelse|"
    r"besked)|original meddelelse|opprinnelig melding|alkuperäinen viesti|původní zpráva|"
    r"pôvodná správa|исходное сообщение|оригинальное сообщение|оригінальне повідомлення|"
    r"оригинално съобщение|eredeti üzenet|mesaj(?:ul)? original|orijinal (?:mesaj|ileti)|"
    r"özgün ileti|αρχικό μήνυμα|izvorna poruka|(?:thư|tin nhắn) gốc|missatge original|"
    r"הודעה מקורית|الرسالة الأصلية|元のメッセージ|原始邮件|邮件原件|原邮件|原始郵件|"
    r"원본 (?:메시지|메일))\s?[-_=*\s]{0,40}",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"(?:[-_=*\s]{2,40}(?:forwarded (?:message|by .{1,60})|weitergeleitete nachricht|"
    r"message transf[ée]r[ée]|mensaje reenviado|messaggio inoltrato|doorgestuurd bericht|"
    r"mensagem (?:encaminhada|reencaminhada)|przekazana wiadomość|vidarebefordrat meddelande|"
    r"videresendt (?:meddelelse|melding|besked)|välitetty viesti|edelleenlähetetty viesti|"
    r"přeposlaná zpráva|preposlaná správa|пересылаемое сообщение|пересланное сообщение|"
    r"переслане повідомлення|препратено съобщение|továbbított (?:levél|üzenet)|"
    r"mesaj redirecționat|iletilen (?:mesaj|ileti)|yönlendirilmiş mesaj|προωθημένο μήνυμα|"
    r"proslijeđena poruka|missatge reenviat|(?:thư|tin nhắn) (?:được|đã) chuyển tiếp|"
    r"pesan (?:terusan|yang diteruskan)|ข้อความที่ส่งต่อ|הודעה שהועברה|رسالة مُ?عاد توجيهها|"
    r"転送(?:された)?メッセージ|轉寄的?郵件|转发(?:的邮件|邮件信息|邮件|的消息)|"
    r"전달된 (?:메시지|메일))"
    r"[-_=*\s]{0,40}"
    r"|(?:begin forwarded message|anfang der weitergeleiteten nachricht|"
    r"début du message (?:transféré|réexpédié)|inicio del mensaje reenviado|"
    r"inizio messaggio inoltrato|begin doorgestuurd bericht|início da mensagem (?:encaminhada|"
    r"reencaminhada)|początek przekazywanej wiadomości|vidarebefordrat brev|"
    r"start på videresendt besked|start på videresendt melding|välitetty viesti alkaa|"
    r"začátek přeposílané zprávy|začiatok preposlanej správy|начало переадресованного сообщения|"
    r"початок переадресованого повідомлення|yönlendirilen e-posta başlangıcı|"
    r"転送されたメッセージ|以下是转发的邮件|開始轉寄郵件|전달된 메시지 시작)\s?[:：])",
    re.IGNORECASE,
)
#: What help desks put above the history; their marks say it in any language.
_ABOVE = re.compile(
    r"##-\s?.{4,120}\s?-##|[-_=*>#\s]{0,12}(?:"
    r"(?:please )?(?:type your reply|reply|write|respond) above this line"
    r"|bitte antworten sie (?:nur )?ober\w+ dieser zeile"
    r"|(?:veuillez )?répond\w+ au[- ]dessus de cette ligne"
    r"|(?:por favor,? )?respond\w+ (?:por )?encima de esta línea).{0,40}",
    re.IGNORECASE,
)
#: Without accents it holds one of these.
_IN_ABOVE: Final = ("##", "line", "zeile")
_RULE = re.compile(r"[-_=*—–]{3,}\s*$")

#: Fields of a header block by what they say, in the words of mail programs, split at "|".
_FIELDS: Final = {
    "from": "from|von|de|da|van|od|från|fra|lähettäjä|от|від|feladó|gönderen|kimden|de la|από|từ|"
    "מאת|من|差出人|送信者|发件人|寄件者|寄件人|보낸 사람|보낸사람",
    "date": "sent|date|gesendet|gesendet am|datum|envoyé|envoyé le|enviado|enviado el|enviada|"
    "enviada em|enviado em|inviato|inviato il|data|verzonden|verzonden op|wysłano|data wysłania|"
    "skickat|sendt|dato|lähetetty|odesláno|odoslané|отправлено|дата|надіслано|изпратено|fecha|"
    "päivämäärä|päiväys|dátum|elküldve|küldve|gönderildi|gönderme tarihi|tarih|trimis|στάλθηκε|"
    "εστάλη|ημερομηνία|đã gửi|ngày|enviat|enviat el|poslano|נשלח|תאריך|تاريخ الإرسال|"
    "تم الإرسال|التاريخ|送信日時|日時|日付|发送时间|日期|时间|寄件日期|傳送時間|보낸 날짜|날짜",
    "to": "to|an|à|a|para|aan|do|till|til|vastaanottaja|komu|кому|до|címzett|kime|către|προς|"
    "đến|prima|za|per a|אל|إلى|宛先|收件人|收件者|받는 사람|받는사람",
    "subject": "subject|betreff|objet|asunto|oggetto|onderwerp|assunto|temat|ämne|emne|aihe|"
    "předmět|predmet|тема|относно|tárgy|konu|subiect|θέμα|chủ đề|assumpte|נושא|الموضوع|件名|"
    "主题|主旨|제목",
    "cc": "cc|kopie|copie|copia|kopia|kopi|kopio|kópia|kopija|копия|копія|копие|dw|bilgi|κοιν|"
    "κοιν.|másolatot kap|a/c|עותק|نسخة|抄送|副本|참조|reply-to|antwort-an|bcc",
}
_ROLE: Final = {word: role for role, words in _FIELDS.items() for word in words.split("|")}
_FIELD = re.compile(
    r"[>*_\s]{0,6}([^\W\d_][\w\-./]{0,15}(?:[ \xa0][^\W\d_][\w\-.]{0,15}){0,2})"
    r"\s?[*_]{0,2}\s?[:：]\s?[*_]{0,2}\s?(.{0,400})"
)
#: Marks for the direction of writing, which mail programs put around names and addresses.
_DIRECTION = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
#: Lines one field with many addresses may take.
_WRAPPED: Final = 12


def is_rule(line: Line) -> bool:
    """Whether the line is nothing but a drawn rule (`-----`, `____`)."""
    return _RULE.match(line.bare) is not None


def is_original_marker(line: Line) -> bool:
    """Whether the line announces the original message (`-----Original Message-----`)."""
    bare = line.bare
    return bare[:2] in ("--", "__", "==", "**") and _ORIGINAL.fullmatch(bare) is not None


def is_reply_line(line: Line) -> bool:
    """Whether the line asks to reply above it, as help desks do: nothing below it is new."""
    bare = line.bare
    if not 8 < len(bare) < 160:
        return False
    if bare.isascii() and not any(word in bare.lower() for word in _IN_ABOVE):
        return False
    return _ABOVE.fullmatch(bare) is not None


def is_forward_marker(line: Line) -> bool:
    """Whether the line announces a forwarded message."""
    bare = line.bare
    drawn = bare[:1] in "-_=*" or bare[-1:] in ":："
    return drawn and len(bare) < 160 and _FORWARDED.fullmatch(bare) is not None


def names_address_in_brackets(text: str) -> bool:
    """Whether `text` holds an address the way mail programs write it."""
    return _BRACKETED.search(_visible(text)) is not None


def attribution(lines: Sequence[Line], last: int) -> int:
    """Return the first line of the attribution that ends on line `last`, or -1.

    An attribution ends with a colon, names a day or an address, and says "wrote" or carries both
    an address and a time. It may be wrapped over `ATTRIBUTION_LINES` lines.
    """
    if not _visible(lines[last].bare).endswith((":", "：", "a écrit", "schrieb")):
        return -1
    text = ""
    complete = -1
    for first in range(last, max(-1, last - ATTRIBUTION_LINES), -1):
        line = lines[first]
        if line.blank or line.bare.startswith(">") or line.kind is not None:
            break
        bare = _visible(line.bare)
        text = f"{bare} {text}" if text else bare
        if len(text) > _ATTRIBUTION_LENGTH:
            break
        address = _ADDRESS.search(text) is not None
        says = _WROTE.search(text) is not None
        starts = _OPENER.match(bare) is not None
        if starts and _DIGIT.search(text) and (says or (address and _CLOCK.search(text))):
            return first
        if complete < 0 and says and address and (first == last or _CLOCK.search(text)):
            # "ann@example.com writes:" needs no day, but a line above may still begin with one
            complete = first - 1 if bare.startswith("<") and _is_name(lines, first - 1) else first
    return complete


def _is_name(lines: Sequence[Line], at: int) -> bool:
    """Whether line `at` holds nothing but a name, wrapped off the address below it."""
    if at < 0 or lines[at].kind is not None or (at and not lines[at - 1].blank):
        return False
    return 0 < len(lines[at].bare.split()) <= 4 and lines[at].bare[-1].isalnum()


def resembles_attribution(lines: Sequence[Line], last: int) -> int:
    """Return the first line of what looks like an attribution in words not known here, or -1.

    It ends with a colon and holds an address in brackets, a time and a day: enough above a quote.
    """
    if not ends_in_colon(lines[last]):
        return -1
    text = ""
    for first in range(last, max(-1, last - ATTRIBUTION_LINES), -1):
        line = lines[first]
        if line.blank or line.bare.startswith(">") or line.kind is not None:
            break
        text = f"{_visible(line.bare)} {text}"
        if len(text) > _ATTRIBUTION_LENGTH:
            break
        if names_address_in_brackets(text) and _CLOCK.search(text) and _DAY.search(text):
            return first
    return -1


def ends_in_colon(line: Line) -> bool:
    """Whether the line ends as an attribution does."""
    return _visible(line.bare[-6:]).endswith((":", "："))


def _visible(text: str) -> str:
    return text if text.isascii() else _DIRECTION.sub("", text)


def names_writer(line: Line) -> bool:
    """Whether the line is the plainest attribution of all, "Name wrote:"."""
    bare = line.bare
    return len(bare) <= 120 and ends_in_colon(line) and _WROTE.search(bare[-40:]) is not None


def header_block(lines: Sequence[Line], first: int, *, announced: bool = False) -> int:
    """Return the line after the header block that begins at `first`, or -1 when there is none.

    A block names the sender and at least two more fields (one when `announced` by a marker), and
    either an address, or a subject with a time: "From: Berlin / To: Paris" is somebody's text.
    """
    roles: dict[str, str] = {}
    position = first
    role = ""
    misses = 0
    while position < len(lines) and position - first < 40:
        line = lines[position]
        found = _field(line)
        if found is None:
            wrapped = role in ("to", "cc") and ("@" in line.bare or ";" in line.bare)
            if not roles or line.blank or misses >= (_WRAPPED if wrapped else 1):
                break
            # a wrapped value, such as a long list of addressees
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
    if ":" not in bare[:60] and "：" not in bare[:60]:
        return None
    match = _FIELD.match(_visible(bare))
    name = " ".join(match.group(1).lower().split()) if match else ""
    role = _ROLE.get(name)
    return (role, match.group(2)) if match and role else None
