"""Which language a message is in, whatever stands in front of it."""

from __future__ import annotations

import pytest

from copydesk.intake.language import detect_language

TEXTS = {
    "en": "the pump we bought in march stopped working last friday and water is leaking onto "
    "the kitchen floor. could you please send somebody before five or give the money back "
    "to us",
    "de": "die Pumpe, die wir im März gekauft haben, funktioniert seit Freitag nicht mehr und "
    "das Wasser läuft auf den Küchenboden. Können Sie bitte jemanden schicken oder uns "
    "das Geld zurückgeben",
    "fr": "la pompe que nous avons achetée en mars ne fonctionne plus depuis vendredi et l'eau "
    "coule sur le sol de la cuisine. Pourriez-vous envoyer quelqu'un ou nous rembourser",
    "es": "la bomba que compramos en marzo dejó de funcionar el viernes y el agua sale al suelo "
    "de la cocina. ¿Podrían enviar a alguien o devolvernos el dinero",
    "it": "la pompa che abbiamo comprato a marzo non funziona più da venerdì e l'acqua esce sul "
    "pavimento della cucina. Potete mandare qualcuno oppure restituirci i soldi",
    "nl": "de pomp die we in maart hebben gekocht werkt sinds vrijdag niet meer en het water "
    "loopt op de keukenvloer. Kunt u iemand sturen of ons het geld teruggeven",
    "pt": "a bomba que compramos em março deixou de funcionar na sexta-feira e a água está "
    "escorrendo no chão da cozinha. Vocês podem mandar alguém ou devolver o dinheiro",
    "pl": "pompa, którą kupiliśmy w marcu, nie działa od piątku i woda leje się na podłogę w "
    "kuchni. Czy możecie kogoś przysłać albo zwrócić nam pieniądze",
    "sv": "pumpen som vi köpte i mars fungerar inte längre sedan i fredags och vattnet rinner "
    "ut på köksgolvet. Kan ni skicka någon eller ge oss pengarna tillbaka",
    "da": "pumpen, som vi købte i marts, virker ikke længere siden fredag, og vandet løber ud "
    "på køkkengulvet. Kan I sende nogen eller give os pengene tilbage",
    "fi": "maaliskuussa ostamamme pumppu lakkasi toimimasta perjantaina ja vesi vuotaa keittiön "
    "lattialle. Voisitteko lähettää jonkun tai palauttaa meille rahat",
    "cs": "čerpadlo, které jsme koupili v březnu, od pátku nefunguje a voda teče na podlahu v "
    "kuchyni. Můžete někoho poslat, nebo nám vrátit peníze",
    "hu": "a márciusban vásárolt szivattyú péntek óta nem működik, és a víz a konyha padlójára "
    "folyik. Tudnának küldeni valakit, vagy visszaadnák a pénzünket",
    "ro": "pompa pe care am cumpărat-o în martie nu mai funcționează de vineri și apa curge pe "
    "podeaua din bucătărie. Puteți trimite pe cineva sau să ne dați banii înapoi",
    "tr": "mart ayında aldığımız pompa cuma gününden beri çalışmıyor ve su mutfak zeminine "
    "akıyor. Lütfen birini gönderin ya da paramızı geri verin",
    "ru": "насос, который мы купили в марте, не работает с пятницы, и вода течёт на пол кухни. "
    "Пришлите кого-нибудь или верните нам деньги",
    "uk": "насос, який ми купили в березні, не працює з п'ятниці, і вода тече на підлогу кухні. "
    "Надішліть когось або поверніть нам гроші",
    "el": "η αντλία που αγοράσαμε τον Μάρτιο δεν λειτουργεί από την Παρασκευή και το νερό "
    "τρέχει στο πάτωμα της κουζίνας. Στείλτε κάποιον ή επιστρέψτε μας τα χρήματα",
    "ja": "三月に買ったポンプが金曜日から動かなくなり、台所の床に水が漏れています。"
    "誰かを派遣するか、返金してください",
    "zh": "我们三月买的水泵从星期五起就不工作了，水流到了厨房的地板上。请派人来或者把钱退给我们",
    "ko": "삼월에 산 펌프가 금요일부터 작동하지 않고 물이 부엌 바닥으로 흐릅니다. "
    "사람을 보내 주시거나 돈을 돌려주세요",
    "ar": "المضخة التي اشتريناها في مارس توقفت عن العمل منذ يوم الجمعة والماء يتسرب على أرضية "
    "المطبخ. أرسلوا أحدا أو أعيدوا لنا المال",
    "vi": "máy bơm chúng tôi mua vào tháng ba đã ngừng hoạt động từ thứ sáu và nước chảy ra sàn "
    "bếp. Xin hãy cử người đến hoặc trả lại tiền cho chúng tôi",
    "id": "pompa yang kami beli pada bulan Maret berhenti bekerja sejak hari Jumat dan air "
    "mengalir ke lantai dapur. Tolong kirim seseorang atau kembalikan uang kami",
}
HEADS = {
    "none": "",
    "greeting": "Hello support team at Acme Home Appliances,\n\nGood morning Mr. Johnson,\n\n",
    "names": "Hi Jonathan Featherstonehaugh, hi Margaret Wilkinson-Smythe, hi Christopher,\n\n",
    "product": "Acme AquaFlow Pro Max 5000 Premium Edition Water Pump - Support Request\n\n",
    "link": "[AquaFlow Pro Max Product Page and Manual Download](https://acme.example/a?b=c)\n\n",
    "address": "www.acme.example/products/aquaflow-pro-max/manual/download/service.html\n\n",
}


@pytest.mark.parametrize("head", sorted(HEADS))
def test_what_stands_in_front_does_not_tell_the_language(head: str) -> None:
    found = {code: detect_language(HEADS[head] + text) for code, text in TEXTS.items()}
    assert found == {code: code for code in TEXTS}


def test_an_english_notice_behind_a_long_text_does_not_tell_it_either() -> None:
    notice = "\n\nThis message is confidential and meant for the addressee alone. Acme, London."
    for code, text in TEXTS.items():
        long = ". ".join([text] * (200 // len(text) + 1))
        assert detect_language(f"{long}.{notice}") == code
