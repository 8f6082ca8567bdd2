#!/usr/bin/env bash
# Builds the millrace program and runs its demo; arguments are those of `millrace demo`.
# Only the demo itself writes to stdout.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/tools/build.sh" release millrace
exec "$root/build/release/bin/millrace" demo "$@"
