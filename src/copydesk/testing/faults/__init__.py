"""The fault kit: spokes and the engine against platforms, networks, stores and clocks gone wrong.

`FaultContract` with a `Rig` proves a client alone, in pytest. An `EngineRig` drives the real engine
through every `Fault` and counts what arrived; `python -m copydesk.testing.faults` prints the table.
`FaultProxy` stands in front of any TCP server. How to use them for a spoke of your own:
`docs/how-to/test-a-platform-under-faults.md`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copydesk.testing.faults.catalogue import Fault
    from copydesk.testing.faults.contract import FaultContract, Rig
    from copydesk.testing.faults.figures import Row
    from copydesk.testing.faults.proxy import Damage, FaultProxy
    from copydesk.testing.faults.rig import EngineRig, HttpRig, NotApplicable
    from copydesk.testing.faults.scenarios import run_scenario

_HOMES = {
    "Damage": "proxy",
    "EngineRig": "rig",
    "Fault": "catalogue",
    "FaultContract": "contract",
    "FaultProxy": "proxy",
    "HttpRig": "rig",
    "NotApplicable": "rig",
    "Rig": "contract",
    "Row": "figures",
    "run_scenario": "scenarios",
}

__all__ = [
    "Damage",
    "EngineRig",
    "Fault",
    "FaultContract",
    "FaultProxy",
    "HttpRig",
    "NotApplicable",
    "Rig",
    "Row",
    "run_scenario",
]


def __getattr__(name: str) -> Any:
    # loaded when asked for: the contract needs pytest, and the command line runs without it
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
