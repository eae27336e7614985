"""Generation: turning a cleaned message into copy, with a model or without.

Owns capabilities, versioned prompts, token budgets, the model port and its adapters. It never
touches rows and never imports a model library by itself; see `address.open_model`.
"""

from copydesk.generation.address import ModelAddress, Vendor, open_model, parse_model_line
from copydesk.generation.budget import Budget, ModelLimits, estimate_tokens, plan
from copydesk.generation.material import AuthoredSegment, ContextMessage, Material
from copydesk.generation.port import Completion, Model, ModelRequest, ReplySchema, Usage
from copydesk.generation.prompts import PromptVersion, load_prompt
from copydesk.generation.rewrite import CATEGORIES, Attempt, Rewrite
from copydesk.generation.rewrite_and_polish import rewrite_and_polish
from copydesk.generation.router import Route, route
from copydesk.generation.rules import compose
from copydesk.generation.truncation import check_natural_stop

__all__ = [
    "CATEGORIES",
    "Attempt",
    "AuthoredSegment",
    "Budget",
    "Completion",
    "ContextMessage",
    "Material",
    "Model",
    "ModelAddress",
    "ModelLimits",
    "ModelRequest",
    "PromptVersion",
    "ReplySchema",
    "Rewrite",
    "Route",
    "Usage",
    "Vendor",
    "check_natural_stop",
    "compose",
    "estimate_tokens",
    "load_prompt",
    "open_model",
    "parse_model_line",
    "plan",
    "rewrite_and_polish",
    "route",
]
