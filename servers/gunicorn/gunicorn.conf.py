"""What Gunicorn takes from a file only: trust every peer to speak h2c, but believe none of its headers."""

# --forwarded-allow-ips decides both who may speak h2c and whose X-Forwarded-Proto becomes the request's scheme.
# The lab needs the first alone: an app has to report the hop it was really reached by, as under every other server.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
