"""Facts about libcurl that every client here shares: its settings, versions and errors, and its TLS buffers.

Locust's users in `loadtest/` import this too, so it imports nothing but pycurl and the model.
"""
