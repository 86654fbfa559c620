"""Everything about processes: starting and ending groups, ports, processors, kernel counters."""
