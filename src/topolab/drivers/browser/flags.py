"""The command line of Chromium: what it trusts, where names lead, and that it speaks to nobody but the edge. Pure."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from topolab.model.protocol import Transport
from topolab.model.target import Target

_QUIET = (
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-field-trial-config",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    # The page is asked for as written: no try by https first, nothing guessed and fetched beforehand.
    "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,MediaRouter,OptimizationHints,Translate",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--no-proxy-server",
    "--no-service-autorun",
    "--password-store=basic",
    "--use-mock-keychain",
)
_STEADY = (
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    # A container's /dev/shm has 64 MiB, of which a page can use up all.
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-renderer-backgrounding",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--mute-audio",
)
NO_HTTP2 = "--disable-http2"


def flags_for(target: Target, leaf_pem: bytes | None, *, http2: bool, sandbox: bool) -> tuple[str, ...]:
    """Everything that matters to what is measured; the profile's folder and the debugging port are not in it.

    `leaf_pem` is the certificate that was checked, None in cleartext.
    """
    flags = [*_QUIET, *_STEADY, f"--host-resolver-rules={_resolver_rules(target)}"]
    if leaf_pem is not None:
        # Chromium has no option for an authority: the one key that was checked is trusted, and no other.
        flags.append(f"--ignore-certificate-errors-spki-list={_key_pin(leaf_pem)}")
    if target.client_protocol.transport is Transport.QUIC:
        # A browser learns by an Alt-Svc header over TCP that an origin speaks HTTP/3; a QUIC listener alone has none.
        flags += ["--enable-quic", f"--origin-to-force-quic-on={target.name}:{target.port}"]
    if not http2:
        flags.append(NO_HTTP2)
    if not sandbox:
        flags.append("--no-sandbox")
    return tuple(flags)


def _resolver_rules(target: Target) -> str:
    """The edge's name leads to its address and every other name nowhere: no request of Chromium's own gets out."""
    address = f"[{target.host}]" if ":" in target.host else target.host
    return f"MAP {target.name} {address}, MAP * ~NOTFOUND"


def _key_pin(leaf_pem: bytes) -> str:
    """SHA-256 of the public key as certificates hold it (SubjectPublicKeyInfo), in base64."""
    key = load_pem_x509_certificate(leaf_pem).public_key()
    return base64.b64encode(
        hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    ).decode()
