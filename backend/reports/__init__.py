"""Registers, statements and files for the regulator."""
