"""Mails that no person wrote for this conversation: absence notes, bounces, receipts, mailings.

They are read like any other; what they are stands in the message's fields, and absence notes and
bounces go to a person, because nobody means them to be published.
"""

from __future__ import annotations

import re
from email.message import Message

from copydesk.intake.headers import Headers

ABSENCE, BOUNCE, RECEIPT = "automatic reply", "delivery report", "read receipt"
GENERATED, MAILING = "automatic notification", "mailing list or newsletter"

_ABSENCE_SUBJECT = re.compile(
    r"\s*(?:auto(?:matic|mated)?[ -]?(?:reply|response)|out of (?:the )?office|away from|"
    r"abwesenheits|automatische antwort|réponse automatique|absence du bureau|"
    r"respuesta automática|fuera de la oficina|risposta automatica|fuori sede|"
    r"resposta automática|automatisch antwoord|afwezig|automatyczna odpowiedź|automatická odpov|"
    r"autosvar|automatiskt? svar|automaattinen vastaus|автоматический ответ|автоответ|"
    r"автоматична відповідь|otomatik (?:yanıt|cevap)|automatikus válasz|răspuns automat|"
    r"αυτόματη απάντηση|自動(?:応答|返信|回覆)|自动(?:回复|答复)|자동 ?(?:회신|응답)|"
    r"תשובה אוטומטית|رد تلقائي)",
    re.IGNORECASE,
)
_BOUNCE_SUBJECT = re.compile(
    r"\s*(?:undeliver(?:able|ed)|undelivered mail|mail delivery (?:failed|failure|subsystem)|"
    r"delivery (?:status notification|failure|has failed)|returned mail|failure notice|"
    r"unzustellbar|nicht zustellbar|non remis|no se puede entregar|niet bestelbaar|"
    r"недоставлен)",
    re.IGNORECASE,
)
_DAEMON = re.compile(r"(?:mailer-daemon|postmaster)@", re.IGNORECASE)


def automatic_kind(message: Message, headers: Headers) -> str:
    """Return what kind of automatic mail `message` is, in words, or "" for one by a person."""
    subject = headers.text("subject")
    if message.get_content_type() == "multipart/report":
        report = str(message.get_param("report-type") or "").lower()
        return RECEIPT if "disposition" in report else BOUNCE
    if _DAEMON.search(headers.text("from")) or _BOUNCE_SUBJECT.match(subject):
        return BOUNCE
    submitted = headers.text("auto-submitted").partition(";")[0].strip().lower()
    precedence = headers.text("precedence").lower()
    answers = headers.text("x-autoreply") or headers.text("x-autorespond")
    if submitted == "auto-replied" or answers or precedence == "auto_reply":
        return ABSENCE
    if _ABSENCE_SUBJECT.match(subject):
        return ABSENCE
    if submitted and submitted != "no":
        return GENERATED
    if precedence in ("bulk", "list", "junk"):
        return MAILING
    if headers.text("list-id") or headers.text("list-unsubscribe"):
        return MAILING
    return ""
