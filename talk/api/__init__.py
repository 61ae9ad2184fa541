"""The HTTP API: parses requests, calls the domain and renders OCS envelopes."""
