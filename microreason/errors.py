"""Errors a user can act on: each carries one plain sentence, and the command line prints only that sentence.

Does not cover programming mistakes, which stay ordinary exceptions with a traceback.
"""


class MicroReasonError(Exception):
    """Base of all errors whose message is meant for the user (exit status 2)."""


class BadInput(MicroReasonError):
    """The problem text, file or option given cannot be used."""


class BadRecipe(MicroReasonError):
    """A recipe has an unknown key, a contradiction or a value out of range."""


class BadWeights(MicroReasonError):
    """A weights or checkpoint file is missing, damaged, truncated or does not match its configuration."""


class UnknownTask(MicroReasonError):
    """A task name or level that does not exist."""
