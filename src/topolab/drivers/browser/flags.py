"""Chromium's command line: which key it trusts, what names resolve to, and no connections except to the edge. Pure."""

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
    # Request the page's URL as it is: no attempt with https first, no prefetching of guesses.
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
    # A container's /dev/shm has only 64 MiB, which a page can exhaust.
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-renderer-backgrounding",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--mute-audio",
)
NO_HTTP2 = "--disable-http2"


def flags_for(target: Target, leaf_pem: bytes | None, *, http2: bool, sandbox: bool) -> tuple[str, ...]:
    """The flags that affect what is measured, so without the profile's folder and the debugging port.

    `leaf_pem` is the certificate that was checked, or None for cleartext.
    """
    flags = [*_QUIET, *_STEADY, f"--host-resolver-rules={_resolver_rules(target)}"]
    if leaf_pem is not None:
        # Chromium has no option to trust an authority, so trust only the one key that was checked.
        flags.append(f"--ignore-certificate-errors-spki-list={_key_pin(leaf_pem)}")
    if target.client_protocol.transport is Transport.QUIC:
        # Browsers learn from an Alt-Svc header over TCP that an origin speaks HTTP/3; a QUIC listener cannot send one.
        flags += ["--enable-quic", f"--origin-to-force-quic-on={target.name}:{target.port}"]
    if not http2:
        flags.append(NO_HTTP2)
    if not sandbox:
        flags.append("--no-sandbox")
    return tuple(flags)


def _resolver_rules(target: Target) -> str:
    """Resolve the edge's name to its address and no other name, so that Chromium's own requests go nowhere."""
    address = f"[{target.host}]" if ":" in target.host else target.host
    return f"MAP {target.name} {address}, MAP * ~NOTFOUND"


def _key_pin(leaf_pem: bytes) -> str:
    """The base64 SHA-256 of the public key in the form that certificates contain (SubjectPublicKeyInfo)."""
    key = load_pem_x509_certificate(leaf_pem).public_key()
    return base64.b64encode(
        hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    ).decode()
