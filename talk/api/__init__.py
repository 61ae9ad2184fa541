"""The HTTP API: parses requests, calls the domain and renders OCS envelopes.

Modules:

    admitted_requests  requests whose caller may repeat them without a login
    authentication     authentication by session, password or app password
    base               the base class of all views
    capabilities       version and capabilities
    csrf               CSRF protection of requests with a cookie
    devices            devices, which HTTP sessions identify
    envelope           the OCS envelope
    errors             the status and message of each error
    parameters         reading and validating request parameters
    password_memory    correct passwords, remembered instead of hashed again
    polls              long polls and sent messages, once their caller is known
    renderers          JSON and XML
    request_kinds      kinds of requests, by which consumers are chosen
    responses          rendered responses, independent of their request
    schema             the OpenAPI document
    site_cache         the site's cache, which may be unavailable
    throttling         limits on wrong passwords, joins and guests' messages
    urls               URL patterns of all endpoints
    views              the endpoints
"""
