"""What never changes stands first and is the same to the byte, so that vendors can keep it."""

from __future__ import annotations

import asyncio

from copydesk.core.post import Tier
from copydesk.generation.capabilities import Capability, Step
from copydesk.generation.material import ContextMessage, Material
from copydesk.generation.port import ModelRequest
from copydesk.generation.rewrite_and_polish import rewrite_and_polish
from copydesk.generation.scripted import ScriptedModel, faithful_reply
from copydesk.generation.tasks import Assignment, Tasks, request_for
from tests.generation.messages import material

ONE, OTHER = "The lamp flickers since Monday.", "Der Hafen öffnet wieder. Es gibt 40 Plätze."


def asked(text: str, delimiter: str, tier: Tier, *context: str, language: str) -> ModelRequest:
    given: Material = material(text, language=language)
    said = tuple(ContextMessage(author="Anna", text=words) for words in context)
    model = ScriptedModel(faithful_reply)
    asyncio.run(
        rewrite_and_polish(
            Material(
                segments=given.segments,
                subject="A subject",
                language=language,
                context=said,
                protected=given.protected,
            ),
            model=model,
            delimiter=delimiter,
            tier=tier,
        )
    )
    return model.requests[0]


def test_the_system_part_is_the_same_for_every_message_and_tier() -> None:
    first = asked(ONE, "k3J9x0Qm7Zt2", Tier.LIGHT, language="en")
    second = asked(OTHER, "a1B2c3D4e5F6", Tier.CAPABLE, "Wann?", language="de")
    assert first.system.encode() == second.system.encode()
    assert first.cache
    assert second.cache


def test_nothing_of_the_message_or_the_fence_is_in_the_system_part() -> None:
    request = asked(ONE, "k3J9x0Qm7Zt2", Tier.LIGHT, language="en")
    assert ONE not in request.system
    assert "k3J9x0Qm7Zt2" not in request.system
    assert request.delimiter == "k3J9x0Qm7Zt2"
    # the material stands last: whatever is asked about it comes before, or in a closing line
    assert request.user.index(ONE) > len(request.user) // 3


def test_a_step_has_one_system_part_for_all_texts() -> None:
    step = Step(stages=(Capability.POLISH, Capability.SUMMARIZE))
    requests = [
        request_for(
            material(text),
            assignment=Assignment(step=step),
            tasks=Tasks.of(step),
            tier=Tier.CAPABLE,
            delimiter=delimiter,
        )
        for text, delimiter in ((ONE, "k3J9x0Qm7Zt2"), (OTHER, "a1B2c3D4e5F6"))
    ]
    assert requests[0].system == requests[1].system
    assert [request.delimiter for request in requests] == ["k3J9x0Qm7Zt2", "a1B2c3D4e5F6"]
