"""Medians, intervals, ratios, verdicts and warnings over the rounds of a run. Pure."""
