"""Turns a matrix and the catalogue into an ordered plan of cells and skips. Pure: equal input, equal plan."""

from topolab.plan.filters import Filters
from topolab.plan.planning import make_plan

__all__ = ["Filters", "make_plan"]
