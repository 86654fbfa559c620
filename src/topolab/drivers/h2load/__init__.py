"""The h2load driver: nghttp2's load tool, its whole output kept, its summary and its log of every request read."""
