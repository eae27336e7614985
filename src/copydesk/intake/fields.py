"""What the fields of a form are: the author's words, who wrote them, or something kept beside them.

A field is known by its name first, in the languages forms are written in; by its kind where the
form service tells ("long text"); by what stands in it last, and then a note says so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_MESSAGE: Final = frozenset({
    "message", "body", "text", "description", "comment", "comments", "content", "details",
    "question", "feedback", "inquiry", "enquiry", "issue", "problem", "request", "how_can_we_help",
    "your_message", "what_happened", "nachricht", "anliegen", "beschreibung", "mensaje",
    "descripcion", "comentario", "descripción", "message_body", "mensagem", "messaggio", "bericht",
    "wiadomosc", "wiadomość", "meddelande", "сообщение", "内容", "お問い合わせ内容",
    "メッセージ", "本文", "ご意見", "ご要望", "留言", "消息", "메시지", "내용", "문의_내용",
    "повідомлення",
    "вопрос", "комментарий", "μήνυμα", "הודעה", "رسالة", "الرسالة", "zpráva", "üzenet", "viesti",
    "besked", "melding", "mesaj", "mesajınız", "tin_nhắn", "nội_dung", "zprava", "uzenet", "mesaje",
    "ihre_nachricht", "votre_message", "tu_mensaje", "su_mensaje", "your_question", "your_comment",
    "ihre_frage", "your_feedback", "how_can_we_help_you", "how_may_we_help_you", "anything_else",
    "additional_comments", "additional_information", "review", "review_text",
})  # fmt: skip
_SUBJECT: Final = frozenset({
    "subject", "title", "topic", "summary", "betreff", "asunto", "objet", "sujet", "oggetto",
    "onderwerp", "assunto", "temat",
})  # fmt: skip
_NAME: Final = frozenset({
    "name", "full_name", "fullname", "your_name", "author", "customer", "customer_name",
    "from_name", "nombre", "nom", "vorname_nachname", "ihr_name", "sender_name", "contact_name",
    "username", "user_name", "submitted_by", "nom_complet", "imię_i_nazwisko", "nome",
})  # fmt: skip
_FIRST_NAME: Final = frozenset({"first_name", "firstname", "given_name", "vorname", "prenom",
                                "prénom", "fname"})  # fmt: skip
_LAST_NAME: Final = frozenset({"last_name", "lastname", "surname", "family_name", "nachname",
                               "lname", "apellido", "apellidos"})  # fmt: skip
_EMAIL: Final = frozenset({
    "email", "e_mail", "mail", "email_address", "your_email", "reply_to", "from", "customer_email",
    "sender", "correo", "e_mail_address", "e_mail_adresse", "mail_address", "user_email",
    "sender_email", "contact_email", "respondent_email", "respondentemail", "ihre_e_mail",
    "correo_electrónico", "adresse_e_mail",
})  # fmt: skip
_DATE: Final = frozenset({
    "date", "sent_at", "submitted_at", "created_at", "created", "timestamp", "time", "received_at",
    "submitted", "submit_date", "submission_date", "submitted_on", "createdat", "submittedat",
    "createtime", "created_time", "date_created", "zeitstempel", "datum", "fecha", "horodateur",
    "submit_date_utc", "entry_date",
})  # fmt: skip
_ID: Final = frozenset({
    "id", "submission_id", "message_id", "entry_id", "ticket_id", "response_id", "submissionid",
    "responseid", "token", "uuid", "record_id", "event_id", "network_id", "#", "ticket", "case_id",
    "ticket_number", "case_number", "ticketid", "response_number",
})  # fmt: skip
#: Words that make a field with a longer name a place to write in ("Please describe the problem").
_ASKS: Final = frozenset({
    "message", "comment", "comments", "feedback", "notes", "describe", "description", "details",
    "question", "inquiry", "enquiry", "tell", "explain", "help", "nachricht", "beschreiben",
    "anliegen", "mensaje", "describa", "décrivez", "messaggio", "bericht",
})  # fmt: skip
#: The last word of a name that says the field holds something short about the message.
_ABOUT: Final = frozenset({
    "id", "type", "count", "url", "link", "status", "number", "date", "time", "at", "by", "code",
    "category", "language", "priority", "rating", "score", "length", "source", "ip",
})  # fmt: skip
ADDRESS = re.compile(r"[^\s@<>,;]{1,64}@[^\s@<>,;]{1,255}")
_PROSE: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Which fields are what, by path; "" or empty where there is none.

    `guessed` says that no field's name called it the message. `prose` are other fields with long
    text in them, which stay fields.
    """

    message: tuple[str, ...] = ()
    subject: str = ""
    name: tuple[str, ...] = ()
    email: str = ""
    date: str = ""
    id: str = ""
    guessed: bool = False
    prose: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def key_of(path: str) -> str:
    """Return the last name of a path as forms are compared by: small letters, words joined."""
    last = path.rsplit(".", 1)[-1].split("#", 1)[0] or path
    return re.sub(r"[^\w#]+", "_", last.strip().lower()).strip("_")


def is_known(name: str) -> bool:
    """Whether a field of this name is one that forms have: such a row is a header."""
    return key_of(name) in _MESSAGE | _SUBJECT | _NAME | _EMAIL | _DATE | _ID | _FIRST_NAME


def roles_of(fields: Mapping[str, str], long: Collection[str] = ()) -> Roles:
    """Return what each field is. `long` are the fields the form gave several lines to write in."""
    keys = {path: key_of(path) for path in fields}
    filled = [path for path in fields if fields[path].strip()]
    message = [path for path in filled if keys[path] in _MESSAGE or path in long]
    if not message:
        message = [path for path in filled if _asks(keys[path], fields[path])]
    guessed = not message
    if guessed:
        message = _longest(fields, keys)

    def first(names: frozenset[str]) -> str:
        return next((p for p in fields if keys[p] in names and p not in message and fields[p]), "")

    email = first(_EMAIL)
    if not ADDRESS.search(fields.get(email, "")):
        addresses = (p for p in filled if ADDRESS.fullmatch(fields[p].strip()) and p not in message)
        email = next(addresses, email)
    parts = tuple(part for part in (first(_FIRST_NAME), first(_LAST_NAME)) if part)
    whole = first(_NAME - {"username", "user_name"}) or first(_NAME)
    name = (whole,) if whole else parts
    known = {*message, first(_SUBJECT), *name, email}
    return Roles(
        message=tuple(message),
        subject=first(_SUBJECT),
        name=name,
        email=email,
        date=first(_DATE),
        id=first(_ID),
        guessed=guessed,
        prose=tuple(
            path for path in filled if path not in known and len(fields[path].split()) >= _PROSE
        ),
    )


def _asks(key: str, value: str) -> bool:
    words = key.split("_")
    return len(value.split()) >= 3 and not _ASKS.isdisjoint(words) and words[-1] not in _ABOUT


def _longest(fields: Mapping[str, str], keys: Mapping[str, str]) -> list[str]:
    known = _NAME | _EMAIL | _DATE | _ID | _SUBJECT | _FIRST_NAME | _LAST_NAME
    prose = [
        path for path, value in fields.items() if keys[path] not in known and len(value.split()) > 2
    ]
    return [max(prose, key=lambda path: len(fields[path]))] if prose else []
