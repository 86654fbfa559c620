"""A certificate authority and one certificate, for the duration of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM files: the authority that the client trusts, and the chain and PKCS#8 key that servers and proxies use."""

    authority: Path
    chain: Path
    key: Path


def issue_certificate(folder: Path, name: str) -> CertificateFiles:
    """Write an EC P-256 certificate for `name`, signed by an authority made for it, into `folder`."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    issued = authority.issue_cert(name, key_type=trustme.KeyType.ECDSA)
    files = CertificateFiles(folder / "authority.pem", folder / "chain.pem", folder / "key.pem")
    authority.cert_pem.write_to_path(files.authority)
    files.chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    # trustme writes the key in OpenSSL's traditional format, which some servers cannot read; all read PKCS#8.
    key = load_pem_private_key(issued.private_key_pem.bytes(), password=None)
    files.key.touch(mode=0o600)
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files
