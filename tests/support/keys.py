"""A certificate authority, and a certificate for the edge's name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme


@dataclass(frozen=True)
class Keys:
    """A certificate authority's file, and one with the key and the chain it signed for the edge's name."""

    ca: Path
    server: Path


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    directory = tmp_path_factory.mktemp("keys")
    authority = trustme.CA()
    keys = Keys(directory / "ca.pem", directory / "server.pem")
    authority.cert_pem.write_to_path(str(keys.ca))
    certificate = authority.issue_cert("edge.topolab.test")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(keys.server))
    return keys
