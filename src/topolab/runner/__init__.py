"""The one loop: every round visits every cell, each round in its own order, and commits each observation at once."""

from topolab.runner.loop import Costs, left_to_do, run, visits

__all__ = ["Costs", "left_to_do", "run", "visits"]
