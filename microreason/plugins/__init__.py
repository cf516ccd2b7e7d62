"""Plug-ins: what a model learns of a domain without being changed itself, loaded at run time."""
