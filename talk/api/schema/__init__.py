"""The OpenAPI document, made by drf-spectacular; without it nothing here is needed.

`shapes` says what answers hold, `operations` what each endpoint reads and answers, and
`inspector` makes OpenAPI of that. `talk.apps` imports it where a site has
``drf_spectacular`` among its apps.
"""
