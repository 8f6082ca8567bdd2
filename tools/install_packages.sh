#!/usr/bin/env bash
# Installs the Debian 12 packages Millrace is built with; does nothing if they are all there.
# This list is the only place that names them.
#
# --fuzz  also what the fuzz preset needs
# --list  prints the packages and ends
set -euo pipefail

packages=(
    # to build
    g++ cmake ninja-build git python3
    # engine, gateway
    libssl-dev libzstd-dev libconcurrentqueue-dev libquickfix-dev libcrypt-dev libspdlog-dev libfmt-dev libtomlplusplus-dev
    libabsl-dev tzdata
    # generator and command line
    libpugixml-dev libcli11-dev nlohmann-json3-dev
    # tests
    libgtest-dev
    # benchmarks and the rivals they measure
    libbenchmark-dev libboost-dev libatomic-queue-dev libreaderwriterqueue-dev librocksdb-dev liblmdb-dev
    # to pack them
    zstd
)

if [[ "${1:-}" == "--fuzz" ]]; then
    packages+=(clang-14 libclang-rt-14-dev)
    shift
fi
if [[ "${1:-}" == "--list" ]]; then
    printf '%s\n' "${packages[@]}"
    exit 0
fi

if ! command -v dpkg-query >/dev/null; then
    echo "install_packages: this is no Debian; install the equivalents of: ${packages[*]}" >&2
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    if [[ "$state" != "installed" ]]; then
        missing+=("$package")
    fi
done
if ((${#missing[@]} == 0)); then
    exit 0
fi

as_root=()
if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
        echo "install_packages: not root and no sudo; have these installed: ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
    if [[ ! -t 0 ]]; then
        as_root=(sudo --non-interactive)  # nobody is there to type a password
    fi
fi

echo "install_packages: installing ${missing[*]}" >&2
# A fresh machine often updates itself in the background: wait for its lock.
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
if ! "${apt[@]}" update </dev/null >&2 ||
    ! "${apt[@]}" install --yes --no-install-recommends "${missing[@]}" </dev/null >&2; then
    echo "install_packages: apt-get failed; still missing from: ${missing[*]}" >&2
    exit 1
fi
