"""What leaves the site: plain data in, sent off the request's thread, with retries."""
