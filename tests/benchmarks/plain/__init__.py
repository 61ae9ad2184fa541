"""A straightforward implementation of the API's hot paths, on the same tables.

It uses Django views for immediate responses, a Channels consumer with its own channel and
group membership for each waiting poll, and the ORM everywhere, in consumers through
`database_sync_to_async`. It is correct, leaves out rules that the loads do not need, and
has no optimisations. The product is compared with it.
"""
