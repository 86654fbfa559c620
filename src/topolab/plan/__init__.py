"""Matrix and catalogue to an ordered plan of cells and skips. Pure: the same input gives the same plan."""

from topolab.plan.filters import Filters
from topolab.plan.planning import make_plan

__all__ = ["Filters", "make_plan"]
