"""The rules. Nothing here knows a request, a response, a status code or a loop."""
