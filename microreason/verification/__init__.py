"""Checkers of steps."""
