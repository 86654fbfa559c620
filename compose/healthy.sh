#!/bin/sh
# healthy.sh LISTENER PORT: whether the app answers there. For people's stacks only: a run probes from outside.
scheme=https
if [ "$1" = cleartext ]; then scheme=http; fi
exec curl --silent --show-error --fail --insecure --max-time 2 --output /dev/null "$scheme://127.0.0.1:$2/healthz"
