"""Lines that a mail program adds by itself: "Sent from my iPhone", "Get Outlook for Android".

Each is one short line that names a device or a program and says, in one of some thirty languages,
that the message came from there. "Sent from my desk, which is …" is somebody's sentence.
"""

from __future__ import annotations

import re
from typing import Final

_MAX_LENGTH: Final = 90
_MAX_WORDS: Final = 11

_DEVICE = re.compile(
    r"iphon|ipad|ipod|android|blackberry|galaxy|samsung|pixel\b|huawei|xiaomi|redmi|oneplus|nokia|"
    r"xperia|windows (?:phone|10|11)|smartphone|phone|mobile|mobil|handy|telefon|téléphone|"
    r"tel[eé]fono|m[oó]vil|celular|cellulare|puhelim|телефон|смартфон|мобильн|устройств|device|"
    r"tablet|watch|outlook|yahoo|aol|proton|gmail|gmx|web\.de|thunderbird|sparrow|airmail|spark|"
    r"k-9|bluemail|fairmail|fairphone|motorola|htc\b|\be?mail\b|почт|verizon|t-mobile|vodafone|"
    r"at&t|smartfon|τηλέφωνο|điện thoại|手机|手機|スマート",
    re.IGNORECASE,
)
_SENT_FROM = re.compile(
    r"(?:sent (?:from|via|with|by|using)|get outlook for|get (?:the )?yahoo|via (?:mobile|iphone|"
    r"android)|sent on the go|von meine[mr]|von unterwegs|gesendet (?:von|mit|über|aus)|"
    r"diese (?:nachricht|e-?mail|mail) wurde (?:von|mit)|holen sie sich outlook|laden sie outlook|"
    r"envoyé (?:de|depuis|à partir|avec)|obtenez outlook|télécharge[rz] outlook|"
    r"enviado (?:desde|do|de|a partir|con|com)|obtener outlook|obtenha o outlook|obter o outlook|"
    r"descarga(?:r)? outlook|baixar o outlook|inviato (?:da|dal|con|tramite)|ottieni outlook|"
    r"scarica outlook|verzonden (?:vanaf|met|vanuit|via)|verstuurd (?:vanaf|met|vanuit)|"
    r"download outlook|wysłane? (?:z|ze|za)|wysłano (?:z|ze|za)|pobierz (?:aplikację |program )?"
    r"outlook|skickat (?:från|med)|skickades från|hämta outlook|sendt fra|hent outlook|"
    r"last ned outlook|få outlook|lähetetty|hanki outlook|odesláno ze?|odoslané ze?|odoslané zo|"
    r"stáhněte si outlook|získat outlook|отправлено (?:с|из|со|через)|скачать outlook|"
    r"загрузить outlook|надіслано (?:з|із|зі)|отримати outlook|изпратено от|послано (?:с|са)|"
    r"trimis (?:de|din|cu)|obțineți outlook|elküldve|στάλθηκε από|λήψη του outlook|"
    r"poslano (?:s|sa|z)|đã gửi từ|gửi từ|tải outlook|dikirim dari|enviat des|saadetud|"
    r"נשלח מ|קבל את outlook|أُ?رسلت من|أُ?رسل من|مرسل من|تم الإرسال من|"
    r"الحصول على outlook|ส่งจาก|发自我的|發自我的|從我的|"
    r"从我的|发送自|获取 ?outlook|取得 ?outlook|outlook for (?:ios|android) を|"
    r"iphone(?:から送信|에서 보냄|'umdan)|나의 )",
    re.IGNORECASE,
)
_SENT_FROM_TAIL = re.compile(
    r".{1,60}(?:から送信|에서 보냄|gönderildi|傳送|发送|gesendet|küldve|downloaden|herunterladen|"
    r"edinin|다운로드|をダウンロード)[.。]?",
    re.IGNORECASE,
)
#: What people add to such a line.
_EXCUSE = re.compile(
    r"(?:please |pls |kindly |bitte )?(?:excuse|forgive|pardon|ignore|overlook|apologies|sorry|"
    r"entschuldig\w+|désolé|disculp\w+|perdon\w+|scusa\w*)\b.{0,40}",
    re.IGNORECASE,
)
_LINK = re.compile(r"<[^<>\s]*>|\]?\(https?://[^()\s]*\)|https?://\S+")


def is_device_line(text: str) -> bool:
    """Whether `text`, one line, only says from which device or program the message was sent."""
    bare = _LINK.sub("", text).replace("[", "").strip("*_]() \xa0")
    if not bare or len(bare) > _MAX_LENGTH or len(bare.split()) > _MAX_WORDS or "?" in bare:
        return False
    first, *rest = re.split(r"[,;!]\s|\.\s| [-–—] ", bare)
    if not (_SENT_FROM.match(first) or _SENT_FROM_TAIL.fullmatch(first)):
        return False
    named = _DEVICE.search(first) is not None
    for part in rest:
        device = len(part.split()) <= 4 and _DEVICE.search(part) is not None
        if not device and not _EXCUSE.fullmatch(part):
            return False
        named = named or device
    return named
