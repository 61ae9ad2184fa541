"""The OpenAPI document, which drf-spectacular generates.

`operations` describes parameters and responses of each endpoint, `components` the data
in responses, `responses` the envelopes around it. `inspector` passes all of that to
drf-spectacular; `talk.apps` imports it if the site has installed ``drf_spectacular``.
"""
