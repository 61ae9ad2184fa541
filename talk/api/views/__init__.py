"""The endpoints of the API. Modules have the names of the domain's where possible."""
