#!/bin/sh
# Sets up what the tests with JavaScript clients need: Chromium, Node.js and npm from the system,
# the clients from npm's registry as package-lock.json says. Does nothing when all is there.
set -eu
cd "$(dirname "$0")"

missing=
command -v "${CHROMIUM:-chromium}" > /dev/null || missing="$missing chromium"
command -v node > /dev/null || missing="$missing nodejs"
command -v npm > /dev/null || missing="$missing npm"

if [ -n "$missing" ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    echo "make test needs programs that are missing here. Install these Debian packages or their like:$missing" >&2
    echo "On Debian and its kin: sudo apt-get install --no-install-recommends$missing" >&2
    echo "A Chromium of another name: CHROMIUM=/path/to/it make test" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086 -- a list of names
  apt-get install -qq -y --no-install-recommends $missing > /dev/null
fi

# npm writes this file when an install is complete.
if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --silent
fi
