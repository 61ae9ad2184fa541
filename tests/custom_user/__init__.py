"""A site with accounts of its own: UUID keys, login by e-mail address, no groups."""
