#!/bin/sh
# Sets up what the tests of the store need: PostgreSQL's programs, from the system.
# The tests start a server of their own, without a port. Does nothing when all is there.
set -eu

for program in /usr/lib/postgresql/*/bin/postgres "$(command -v postgres || true)"; do
  if [ -x "$program" ]; then
    exit 0
  fi
done

if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
  echo "make test needs a program that is missing here. Install this Debian package or its like: postgresql" >&2
  echo "On Debian and its kin: sudo apt-get install --no-install-recommends postgresql" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends postgresql > /dev/null
