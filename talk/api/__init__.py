"""The OCS face: requests in, envelopes out. No rules and no queries of its own."""
