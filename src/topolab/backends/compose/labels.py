"""The labels that say who owns a container, a network or a volume. Anything without them is never touched."""

RUN = "topolab.run"
OWNER = "topolab.owner"
INPUTS = "topolab.inputs"
"""On images: the digest of everything they were built from."""
HELD = "topolab-held"
"""The repository of the tags that runs keep their images with: `topolab-held:OWNER-...`."""
