"""The one loop: every round visits every cell in an order of its own, and commits each observation as it is made."""

from topolab.runner.loop import Costs, left_to_do, run, visits

__all__ = ["Costs", "left_to_do", "run", "visits"]
