#!/bin/sh
# Entry point of every container: write the certificates where the launchers look for them, then become the command.
# They come in the environment, not in a mounted file: the engine may be on another machine, and the root is read-only.
set -eu
umask 077
cd /run/topolab
if [ -n "${AUTHORITY_PEM:-}" ]; then
    printf '%s' "$AUTHORITY_PEM" > authority.pem
fi
if [ -n "${CHAIN_PEM:-}" ]; then
    printf '%s' "$CHAIN_PEM" > chain.pem
    printf '%s' "$KEY_PEM" > key.pem
elif [ -n "${SELF_SIGNED_NAME:-}" ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 7 -subj "/CN=$SELF_SIGNED_NAME" \
        -addext "subjectAltName=DNS:$SELF_SIGNED_NAME,DNS:localhost" -keyout key.pem -out chain.pem 2> /dev/null
fi
unset AUTHORITY_PEM CHAIN_PEM KEY_PEM
exec "$@"
