#!/usr/bin/env bash
# Builds Millrace and runs its ordinary tests; ends with ctest's closing lines.
#
# test.sh [--preset dev|release|asan|tsan|slow] [ctest arguments...]
#   --preset slow runs the long tests that the others leave out, on a release build with crash points.
set -euo pipefail

preset=dev
if [[ "${1:-}" == "--preset" ]]; then
    preset=${2:?"--preset needs a name: dev, release, asan, tsan or slow"}
    shift 2
elif [[ "${1:-}" == --preset=* ]]; then
    preset=${1#--preset=}
    shift
fi

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/tools/build.sh" "$preset"
cd "$root"
# One more than there are CPUs: many tests wait for other processes most of their time.
exec ctest --preset "$preset" --parallel "$(($(nproc) + 1))" --no-label-summary "$@"
