"""Debugging of Python: slips put into functions, candidate edits, their ranking, and the search for a repair."""
