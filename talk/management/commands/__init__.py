"""One module a command; their names begin with `talk_`."""
