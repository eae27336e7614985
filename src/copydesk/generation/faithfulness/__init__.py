"""A model of the operator's that reads, on this machine, whether a source bears a text out.

`files` finds what lies in its folder and says what its answers mean, `windows` parts what is longer
than the model can see, `model` runs it. Nothing is ever downloaded.
"""

from __future__ import annotations

from copydesk.generation.faithfulness.model import FaithfulnessModel, Halt, Halted

__all__ = ["FaithfulnessModel", "Halt", "Halted"]
