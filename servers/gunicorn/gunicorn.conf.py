"""Settings that Gunicorn reads only from a file: let every peer speak h2c, but trust none of its headers."""

# --forwarded-allow-ips decides both who may speak h2c and whose X-Forwarded-Proto becomes the request's scheme.
# topolab needs only the first: as under every other server, an app must report the hop that really reached it.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
