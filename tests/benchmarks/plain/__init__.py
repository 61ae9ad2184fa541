"""The API's hot paths as one writes them first, on the same tables.

Django's views for what answers at once, a Channels consumer with a channel and a group
membership for each poll that waits, the ORM everywhere, whose queries a consumer gives to
`database_sync_to_async`. Correct, without rules that the loads do not need, and without
anything that makes it faster than that. What the product does otherwise is measured
against it.
"""
