"""Mails and requests to other servers, sent in background threads with retries."""
