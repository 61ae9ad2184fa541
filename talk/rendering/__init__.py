"""Renders domain objects as the API shows them, for a reader, in the active language.

Nothing here runs a query.
"""
