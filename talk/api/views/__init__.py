"""The endpoints, one module per chapter of the API document."""
