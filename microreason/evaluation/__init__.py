"""Benchmarks, their statistics, the published figures of other systems, and reports."""
