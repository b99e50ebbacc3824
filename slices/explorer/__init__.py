"""Where a condition is tried before it is saved: counted, explained and seen while it is typed."""
