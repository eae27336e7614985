"""Messages for the tests of generation: 3,200 characters each, no two sentences alike."""

from __future__ import annotations

from copydesk.core.post import Tier
from copydesk.generation.material import AuthoredSegment, Material
from copydesk.generation.port import Completion, ModelRequest, Usage

DELIMITER = "k3J9x0Qm7Zt2"

PLACES = {
    "en": (
        "harbour library bakery stadium theatre museum orchard bridge market chapel quarry "
        "tunnel garden foundry lighthouse observatory courthouse brewery vineyard shipyard"
    ),
    "de": (
        "Hafen Bücherei Bäckerei Stadion Theater Museum Obstgarten Brücke Markt Kapelle "
        "Steinbruch Tunnel Garten Gießerei Leuchtturm Sternwarte Gericht Brauerei Weinberg "
        "Werft"
    ),
    "hi": (
        "बंदरगाह पुस्तकालय बेकरी मैदान रंगमंच संग्रहालय बगीचा सेतु बाज़ार मंदिर खदान सुरंग उद्यान "
        "कारखाना प्रकाशस्तंभ वेधशाला न्यायालय गोदाम विद्यालय चिकित्सालय"
    ),
    "zh": (
        "港口 图书馆 面包店 体育场 剧院 博物馆 果园 大桥 市场 教堂 采石场 隧道 花园 铸造厂 灯塔 "
        "天文台 法院 酿酒厂 葡萄园 造船厂"
    ),
}
SENTENCES = {
    "en": (
        "The {place} opens again, and {count} volunteers repaired its roof before winter.",
        "Neighbours of the {place} reported {count} broken windows after the storm.",
        "A school class painted the {place} and wrote {count} letters to the mayor.",
    ),
    "de": (
        "Das Dach über dem Ort {place} ist dicht, und {count} Freiwillige halfen dabei.",
        "Nachbarn meldeten am Ort {place} nach dem Sturm {count} zerbrochene Fenster.",
        "Eine Schulklasse bemalte den Ort {place} und schrieb {count} Briefe.",
    ),
    "hi": (
        "{place} फिर से खुल गया है और {count} स्वयंसेवकों ने उसकी छत की मरम्मत की।",
        "तूफ़ान के बाद {place} के पड़ोसियों ने {count} टूटी खिड़कियों की सूचना दी।",
        "एक कक्षा ने {place} को रंगा और महापौर को {count} पत्र लिखे।",
    ),
    "zh": (
        "{place}重新开放，{count}名志愿者在入冬之前修好了屋顶。",
        "暴风雨过后，{place}的邻居报告说有{count}扇窗户被打碎。",
        "一个班级粉刷了{place}，并给市长写了{count}封信。",
    ),
}
LANGUAGES = tuple(SENTENCES)


def prose(language: str, characters: int = 3200) -> str:
    """Whole sentences in `language`, `characters` long give or take one sentence."""
    joint = "" if language == "zh" else " "
    places = PLACES[language].split()
    text = ""
    number = 0
    while len(text) < characters:
        place = places[number % len(places)]
        sentence = SENTENCES[language][number % 3].format(place=place, count=117 + 13 * number)
        text = f"{text}{joint}{sentence}" if text else sentence
        number += 1
    return text


def material(text: str, *, language: str = "en", subject: str = "") -> Material:
    return Material(
        segments=(AuthoredSegment(index=0, text=text),), language=language, subject=subject
    )


def request(max_tokens: int = 1000, **fields: object) -> ModelRequest:
    known: dict[str, object] = {
        "capability": "improve",
        "system": "Edit the material.",
        "user": "…",
        "max_tokens": max_tokens,
        "temperature": 0.2,
        "prompt_version": "improve.v1",
        "tier": Tier.CAPABLE,
    }
    return ModelRequest(**{**known, **fields})  # type: ignore[arg-type]


def completion(text: str, **fields: object) -> Completion:
    known: dict[str, object] = {
        "text": text,
        "finish_reason": "stop",
        "model": "scripted",
        "prompt_version": "improve.v1",
        "tier": Tier.CAPABLE,
        "usage": Usage(input_tokens=10, output_tokens=10),
    }
    return Completion(**{**known, **fields})  # type: ignore[arg-type]
