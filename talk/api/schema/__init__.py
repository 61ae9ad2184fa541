"""The OpenAPI document, which drf-spectacular generates.

`talk.apps` imports `inspector` if the site has installed ``drf_spectacular``.

Modules:

    components  schemas of the data in responses
    inspector   extensions of drf-spectacular
    operations  parameters and responses of each endpoint
    responses   the envelopes of each status and base path
"""
