"""Footers below a message: legal notices, and what mailing lists and newsletters add.

They are nobody's words, so a line in the first person ends the search: "To unsubscribe I clicked
the link three times" is a complaint.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_FOOTER_START = re.compile(
    r"[*_(\[\s]{0,4}(?:(?:this|the information (?:contained )?in this|the contents? of this) "
    r"(?:e-?mail|message|communication|transmission)[^.]{0,80}(?:confidential|intended|privileged|"
    r"may contain|is sent|attachments|virus)|confidentiality (?:notice|note|statement)|"
    r"disclaimer\s?:|legal notice\s?:|notice: this|if you (?:are not|have received) "
    r"(?:the intended|this (?:e-?mail|message))|please consider the environment|"
    r"(?:think|consider) before you print|diese e-?mail (?:kann|enthält|und)|"
    r"diese (?:nachricht|mitteilung|e-?mail)[^.]{0,80}(?:vertraulich|bestimmt)|"
    r"der inhalt dieser e-?mail|bitte (?:denken|prüfen) sie (?:an die umwelt|der umwelt)|"
    r"ce (?:message|courriel|mail)[^.]{0,60}confidentiel|"
    r"este (?:mensaje|correo)[^.]{0,80}confidencial|"
    r"aviso (?:legal|de confidencialidad)|esta mensagem[^.]{0,80}confidencia|"
    r"(?:questo messaggio|le informazioni contenute)[^.]{0,80}(?:riservat|confidenzial)|"
    r"dit (?:bericht|e-?mailbericht)[^.]{0,80}vertrouwelijk|"
    r"ta wiadomość[^.]{0,80}poufn|"
    r"настоящее (?:сообщение|письмо)[^.]{0,80}конфиденциал)",
    re.IGNORECASE,
)
_FOOTER_LINE = re.compile(
    r"(?:to (?:unsubscribe|stop receiving|opt out|manage your|change your "
    r"(?:e-?mail|notification))|"
    r"you(?:['’]re| are)? (?:receiving|received|getting|have received|subscribed) "
    r"(?:this|these|notifications|e-?mails?|to)\b[^.]{0,80}\b(?:because|as|for|to|on)\b|"
    r"(?:click here|use the link below|follow this link) to unsubscribe|"
    r"\[?unsubscribe\]?\s?[:<(|]|unsubscribe\s?$|manage (?:preferences|subscription)|"
    r"view (?:this (?:e-?mail|message) )?(?:in (?:your )?browser|online)|"
    r"reply to this (?:e-?mail|message) directly|"
    r"[\w\-]+ mailing list\s*$|list-unsubscribe|"
    r"(?:um sich|hier) ab(?:zu)?melden|vom newsletter abmelden|abmelden\s?[:<(]|"
    r"se désabonner|pour vous désinscrire|darse de baja|cancelar (?:la )?suscripción|"
    r"cancella(?:ti|re) l'iscrizione|afmelden|wypisz się|avregistrera|отписаться|відписатися|"
    r"sie erhalten diese (?:e-?mail|nachricht),? (?:weil|da)|"
    r"um (?:den|diesen|sich)[^.]{0,30} abzu(?:bestellen|melden)|"
    r"vous recevez (?:cet e-?mail|ce message|ce courriel) (?:car|parce)|"
    r"recib(?:e|es|ió) este (?:correo|mensaje|e-?mail) porque|"
    r"(?:ricevi|hai ricevuto) questa e-?mail perché|(?:je|u) ontvangt deze e-?mail omdat|"
    r"otrzymujesz t[ęe] wiadomość,? ponieważ|você (?:está recebendo|recebeu) este e-?mail porque|"
    r"du (?:får|modtager|mottar) (?:det här|dette|denne|detta) "
    r"(?:mejlet|brevet|e-?mail\w*|e-?post\w*)|"
    r"вы получили это (?:письмо|сообщение),? (?:так как|потому)|bu e-?postayı .{0,60}alıyorsunuz|"
    r"afmeld (?:dig|nyhedsbrev)|avsluta prenumeration|peruuta (?:uutiskirje|tilaus)|"
    r"odhlásit (?:se|odběr)|odhlásiť sa|abonelikten çık|leiratkozás|dezabonare|odjavi(?:te)? se|"
    r"hủy đăng ký|berhenti berlangganan|配信停止|退订|取消订阅|取消訂閱|수신\s?거부|"
    r"إلغاء الاشتراك|להסרה)",
    re.IGNORECASE,
)
#: What newsletters put above their text: a link to themselves and nothing else.
_PREHEADER = re.compile(
    r"(?:(?:can't|cannot|trouble|having trouble|problems?) [^.?]{0,40}\??\s)?"
    r"(?:view|read|see|open) (?:this |it |the )?(?:e-?mail |message |newsletter )?"
    r"(?:in (?:your |a |the )?(?:web )?browser|online)|(?:web|online|browser)[- ]?version|"
    r"(?:diese e-?mail |newsletter )?im browser (?:an)?(?:sehen|zeigen|öffnen)|"
    r"(?:voir|afficher|lire) .{0,30}(?:navigateur|en ligne)|"
    r"ver .{0,30}(?:navegador|en línea|online)|visualizza .{0,30}browser|"
    r"bekijk .{0,30}(?:browser|online)|zobacz .{0,30}przeglądarce",
    re.IGNORECASE,
)
_MARKDOWN_LINK = re.compile(r"\[([^\]\n]{1,200})\]\([^()\s]{1,2000}\)|<?https?://\S{1,2000}")
# Legal notices of any language speak of the message, of secrecy, and of whom it is for.
_MESSAGE = re.compile(
    r"e-?mail|message|nachricht|mitteilung|courriel|mensaje|correo|messaggio|mensagem|bericht|"
    r"wiadomoś|zpráv|správ|meddeland|meddelels|besked|melding|viesti|sähköposti|сообщени|письм|"
    r"повідомлен|лист|съобщени|mesaj|ileti|e-posta|üzenet|levél|μήνυμα|poruk|pesan|thư|メール|"
    r"邮件|郵件|메일|הודעה|دوا|رسالة|البريد",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"confidential|privileged|vertraulich|confidentiel|confidencia|riservat|confidenzial|"
    r"vertrouwelijk|poufn|důvěrn|dôvern|konfidentiel|sekretess|fortrolig|luottamuksel|"
    r"конфиденциал|конфіденц|поверител|gizli|bizalmas|confidențial|εμπιστευτικ|povjerljiv|rahasia|"
    r"bảo mật|機密|秘密|机密|保密|기밀|비밀|חסוי|סודי|سري",
    re.IGNORECASE,
)
_RECIPIENT = re.compile(
    r"intended|recipient|addressee|unauthori[sz]ed|delete|notify|destroy|empfänger|adressat|"
    r"unbefugt|lösch|vernicht|destinatai?r|destinatár|détrui|supprim|elimin|borr|cancell|"
    r"geadresseerd|ontvanger|verwijder|adresat|odbiorc|usun|příjemc|adresát|smaž|príjemc|mottagar|"
    r"modtager|mottaker|radera|slet|vastaanottaj|poista|получател|адресат|удали|отримувач|видал|"
    r"alıcı|sil|címzett|töröl|șterge|παραλήπτ|διαγρ|primatelj|penerima|người nhận|受信者|受取人|"
    r"宛先|削除|收件人|收件者|删除|刪除|수신|삭제|נמען|מחק|المستلم|المرسل إليه|حذف",
    re.IGNORECASE,
)
#: A notice says more than a sentence; scripts without an alphabet need fewer signs for it.
_NOTICE_LENGTH = 120
_NOTICE_LENGTH_OF_SIGNS = 30
_NOTICE_WORDS = 4
_SIGNS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
#: Footers are nobody's words: "To unsubscribe I clicked the link three times" is a complaint.
_FIRST_PERSON = re.compile(
    r"\b(?:i|i['’](?:m|ve|d|ll)|me|my|ich|mir|mich|mein\w*|je|j['’]ai|mon|ma|yo|mi|eu|io|ik|mijn|jag)\b",
    re.IGNORECASE,
)
_LIST_MARK = re.compile(
    r"mailing list|/listinfo/|list-?info|unsubscribe|googlegroups", re.IGNORECASE
)
_RULED = re.compile(r"[_\-=*]{10,}$")


def is_ruled(text: str) -> bool:
    """Whether a line is nothing but a long drawn rule."""
    return _RULED.match(text) is not None


def is_preheader(text: str) -> bool:
    """Whether a line is only a newsletter's link to itself."""
    if "http" not in text:
        return False
    bare = _MARKDOWN_LINK.sub(lambda link: link[1] or "", text).strip(" |*_[]():")
    return len(bare) < 90 and _PREHEADER.fullmatch(bare) is not None


def footer_start(block: Sequence[str]) -> int:
    """Return which line of a paragraph a footer begins at, or -1.

    Args:
        block: the lines of the paragraph, without outer white space.
    """
    start = next((index for index in range(len(block)) if _begins(block, index)), -1)
    if start < 0 and _is_notice(" ".join(block)):
        start = 0
    return -1 if start >= 0 and any(map(_FIRST_PERSON.search, block)) else start


def _begins(block: Sequence[str], index: int) -> bool:
    line = block[index]
    if is_ruled(line) and _LIST_MARK.search(" ".join(block[index:])):
        return True
    if index and not is_ruled(block[index - 1]):
        return False
    return (_FOOTER_START.match(line) or _FOOTER_LINE.match(line)) is not None


def _is_notice(text: str) -> bool:
    enough = _NOTICE_LENGTH_OF_SIGNS if _SIGNS.search(text) else _NOTICE_LENGTH
    if len(text) < enough or "?" in text or _SECRET.search(text) is None:
        return False
    found = [pattern.findall(text) for pattern in (_MESSAGE, _SECRET, _RECIPIENT)]
    return all(found) and sum(map(len, found)) >= _NOTICE_WORDS
