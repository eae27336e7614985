"""The chain that copydesk replaces: three calls a message, each with the whole context, capped.

Written as such scripts are: the cap is a constant, and what comes back is believed.
"""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from bench._stories import Item

CAP = 1024

_TASKS = {
    "parse": (
        "Read the message and return a JSON object with two fields: `kind`, one of support, "
        "feedback, announcement or other; and `text`, the author's own words without greetings, "
        "signatures and quoted history. Do not change the wording. Return nothing but the object."
    ),
    "rewrite": (
        "Rewrite the message as clear copy. Merge fragments, put thoughts in order and write whole "
        "sentences. Keep every fact: numbers, dates, names, links and ids come back exactly as "
        "they were written. Do not add anything. Use the conversation only to understand what the "
        "message refers to. Return nothing but the text."
    ),
    "polish": (
        "Polish the text. Fix grammar, spelling and punctuation, prefer plain words and active "
        "voice, keep paragraphs short. Keep every fact and the author's meaning. Return nothing "
        "but the text."
    ),
}


async def chain(session: aiohttp.ClientSession, url: str, item: Item) -> str:
    """Return what the three calls make of the last mail of a thread."""
    text = item.story.text
    conversation = "\n\n".join(item.context)
    for stage, task in _TASKS.items():
        asked: dict[str, Any] = {
            "model": "capable",
            "max_tokens": CAP,
            "messages": [
                {"role": "system", "content": f"Stage: {stage}\n{task}"},
                {"role": "user", "content": f"CONVERSATION:\n{conversation}\nMESSAGE:\n{text}"},
            ],
        }
        async with session.post(f"{url}/v1/chat/completions", json=asked) as response:
            answer = (await response.json())["choices"][0]["message"]["content"]
        text = _text_of(answer) if stage == "parse" else answer
    return text


def _text_of(answer: str) -> str:
    try:
        return str(json.loads(answer)["text"])
    except ValueError:
        # cut in the middle: what is there goes on
        return answer.partition('"text": "')[2].replace("\\n", "\n")
