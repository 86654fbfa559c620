"""The labels that say whose a container, a network or a volume is. What carries none of them is never touched."""

RUN = "topolab.run"
OWNER = "topolab.owner"
INPUTS = "topolab.inputs"
"""On images: the digest of all they were built from."""
HELD = "topolab-held"
"""The repository of the tags by which runs keep their images: `topolab-held:OWNER-...`."""
