"""Everything that touches processes: starting and ending groups, ports, processors, kernel counters."""
