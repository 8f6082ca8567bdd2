#!/usr/bin/env bash
# Configures and builds one preset, installing missing packages first. Everything it says goes to stderr.
#
# build.sh PRESET [TARGET...]
set -euo pipefail

if (($# == 0)) || [[ "$1" == -* ]]; then
    echo "usage: tools/build.sh PRESET [TARGET...]   (presets: dev, release, slow, asan, tsan, fuzz)" >&2
    exit 2
fi
preset=$1
shift

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
if [[ "$preset" == fuzz ]]; then
    tools/install_packages.sh --fuzz
else
    tools/install_packages.sh
fi

configure=(cmake --preset "$preset")
if command -v ccache >/dev/null; then
    configure+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
else
    configure+=(-UCMAKE_CXX_COMPILER_LAUNCHER)  # an earlier configuration may have had it
fi
build=(cmake --build --preset "$preset" --parallel "$(nproc)")
if (($# > 0)); then
    build+=(--target "$@")
fi

if ! output=$("${configure[@]}" 2>&1); then
    echo "$output" >&2
    exit 1
fi
"${build[@]}" >&2
