"""The one capability that turns a message into copy: one consolidated call, or the rules.

Whatever happens, the author gets a complete text back: the model's when it is proved whole, the
cleaned original otherwise, with the reason said so that it waits for a person.
"""

from __future__ import annotations

from copydesk.core.post import Tier
from copydesk.generation.budget import ModelLimits
from copydesk.generation.consolidated import CAPABILITY, CURRENT_VERSION, Writer
from copydesk.generation.material import Material
from copydesk.generation.port import Model
from copydesk.generation.prompts import PromptVersion, load_prompt
from copydesk.generation.rewrite import Rewrite
from copydesk.generation.rules import compose


async def rewrite_and_polish(
    material: Material,
    *,
    model: Model | None,
    delimiter: str,
    limits: ModelLimits | None = None,
    tier: Tier = Tier.CAPABLE,
    prompt: PromptVersion | None = None,
    requested_cap: int | None = None,
    insists: bool = True,
) -> Rewrite:
    """Return `material` written up.

    Without a `model` the rules compose it. With one, a single call of `tier` does everything and
    any doubt about its reply leads back to the rules, with `degraded_because` set. `delimiter` is
    8 to 64 random letters and digits, fresh for this call. `limits` are the model's (default: a
    cautious guess). `requested_cap` is an output cap in tokens that the caller insists on.
    Without `insists` a reply that cannot be used is not asked for again, nor in parts: for a tier
    that has a better one above it.

    Raises `ContentInvalid` when there is no text, or, before any call, when `requested_cap` would
    cut the reply. A message too long for the model is not an error: the rules take it.
    """
    composed = compose(material)
    if model is None:
        return composed
    writer = Writer(
        model=model,
        prompt=prompt or load_prompt(CAPABILITY, CURRENT_VERSION),
        delimiter=delimiter,
        limits=limits or ModelLimits(),
        tier=tier,
        requested_cap=requested_cap,
        insists=insists,
    )
    return await writer.write(material, composed)
