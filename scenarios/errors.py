"""Errors that scenarios and the packages above them raise for a mistake of the user."""

from emulator.errors import UserError as UserError

__all__ = ["UserError"]
