"""The driver `h2load` runs nghttp2's load tool, keeps its output, and reads its summary and its log of all requests."""
