"""A model that says what it is told to: for tests, demos and probes. It needs no network.

It deliberately reports whatever the script claims, also when that is a lie; catching lies is the
business of those who ask.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import regex

from copydesk.generation.port import Completion, ModelRequest, Usage
from copydesk.generation.replies import json_object

#: What a script may answer: text, an object, a whole envelope, or an error to raise.
Reply = str | Mapping[str, Any] | Completion | Exception
Script = Sequence[Reply] | Callable[[ModelRequest], Reply]

_TOKEN: Final = regex.compile(r"\s*\X{1,4}")
_NOTE: Final = regex.compile(r'^\{"part": \d+, "title".*\}$', regex.MULTILINE)
_SEGMENT: Final = regex.compile(r'^\{"segment": .*\}$', regex.MULTILINE)


class ScriptedModel:
    """Answers from a script and records every request.

    A sequence is used up in order; a callable is asked every time. Raises `LookupError` when the
    sequence has run out, because a call nobody expected is a fault in the caller.
    """

    def __init__(self, script: Script, *, model: str = "scripted") -> None:
        self._script = script
        self._model = model
        self.requests: list[ModelRequest] = []

    async def complete(self, request: ModelRequest) -> Completion:
        """Return the next reply of the script; see `Model.complete`."""
        self.requests.append(request)
        if callable(self._script):
            reply = self._script(request)
        elif len(self.requests) > len(self._script):
            raise LookupError(f"the script has {len(self._script)} replies, this is one more")
        else:
            reply = self._script[len(self.requests) - 1]
        return self._envelope(request, reply)

    def _envelope(self, request: ModelRequest, reply: Reply) -> Completion:
        match reply:
            case Exception():
                raise reply
            case Completion():
                return reply
            case str():
                text = reply
            case _:
                text = json.dumps(reply, ensure_ascii=False)
        return Completion(
            text=text,
            object=json_object(text),
            finish_reason="stop",
            usage=Usage(
                input_tokens=len(tokens(request.system + request.user)),
                output_tokens=len(tokens(text)),
            ),
            cost_usd=0.0,
            model=self._model,
            prompt_version=request.prompt_version,
            tier=request.tier,
        )


def tokens(text: str) -> tuple[str, ...]:
    """Return `text` cut into the pieces a scripted model counts as tokens."""
    return tuple(_TOKEN.findall(text))


def stopped_after(
    completion: Completion, count: int, *, finish_reason: str = "length", honest_usage: bool = True
) -> Completion:
    """Return `completion` as it would look had the model stopped after `count` tokens.

    `finish_reason` is what the server claims. Without `honest_usage` it still reports the tokens of
    the full reply, or rather of nothing having happened.
    """
    text = "".join(tokens(completion.text)[:count])
    return replace(
        completion,
        text=text,
        object=json_object(text),
        finish_reason=finish_reason,
        usage=replace(completion.usage, output_tokens=count) if honest_usage else completion.usage,
    )


def faithful_reply(request: ModelRequest) -> Mapping[str, Any]:
    """Return the reply of a model that keeps every segment of a `rewrite_and_polish` as it is.

    For a text in parts it also writes what stands above the whole: what stands above the first.
    """
    segments = [json.loads(line) for line in _SEGMENT.findall(request.user)]
    body = "".join(segment["text"] for segment in segments).strip()
    if request.capability == "join":
        first = json.loads(_NOTE.findall(request.user)[0])
        return {"title": first["title"], "summary": "", "confidence": 0.9}
    return {
        "rewritten": body,
        "title": body.splitlines()[0][:80],
        "summary": "",
        "tags": [],
        "category": "other",
        "segment_map": [f"{s['segment']} kept" for s in segments],
        "omitted": [],
        "open_questions": [],
        "confidence": 0.9,
    }
