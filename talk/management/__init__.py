"""Management commands for the people who run a site.

Modules:

    base      the base of all commands
    commands  the commands
"""
