#!/bin/sh
# PID 1 of the development images. A container that ends is made again from its image, without the files that were
# synced into it; so SIGHUP ends only the service and starts it again, with the files that are there now.
#   restart-on-hup COMMAND [ARGUMENT...]
child=
again=

forward() {
  again=$1
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap 'forward yes' HUP
trap 'forward' TERM INT

while :; do
  again=
  "$@" &
  child=$!
  # A trapped signal ends `wait` early: wait until the service itself has ended.
  while :; do
    wait "$child"
    status=$?
    kill -0 "$child" 2>/dev/null || break
  done
  [ "$again" = yes ] || exit "$status"
done
