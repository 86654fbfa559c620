#!/bin/sh
# healthy.sh LISTENER PORT [PATH]: whether the app answers there; work that it hands over is followed to its result.
# For people's stacks only: a run probes from outside.
scheme=https
if [ "$1" = cleartext ]; then scheme=http; fi
path=${3:-/healthz}
# By the number of questions, not for ever: the next probe begins anew.
for _ in 1 2 3 4 5 6 7 8; do
    answer=$(curl --silent --show-error --insecure --max-time 2 --output /dev/null \
        --write-out '%{http_code} %header{location}' "$scheme://127.0.0.1:$2$path") || exit 1
    case $answer in
        200*) exit 0 ;;
        202*) path=${answer#* } ;;
        *) echo "answered with $answer"; exit 1 ;;
    esac
    sleep 0.25
done
exit 1
