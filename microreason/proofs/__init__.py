"""Proofs in Metamath databases: reading, steps, best-first search, and verification by the `metamath` program."""
