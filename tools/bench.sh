#!/usr/bin/env bash
# Builds the benchmarks (release), runs each several times, and prints one table of medians beside the aims.
#
# bench.sh [--quick] [--out DIR] [--binaries DIR] [--repetitions N] [--cpus A,B] [--dir DIR] [--hot-dir DIR]
#          [--seconds S] [--log-gib N] [NAME...]
# bench.sh --pack FILE.tar.zst [--binaries DIR]
#
# NAME            a program of bench/, log_append_bench or log_append; default: all
# --quick         everything tiny: shows that it works, not how fast
# --out DIR       JSON, histograms and the table; default: build/bench/TIME below the tree
# --binaries DIR  runs the programs found there and builds nothing: no compiler, no package is needed,
#                 only python3 and what the programs are linked with
# --cpus A,B      pins the n-th thread of each benchmark to the n-th CPU; default: unpinned
# --dir, --hot-dir, --seconds, --log-gib
#                 as the programs' own flags: ring_bench --help
# --pack FILE     programs, the shared libraries they need (but the C library's) and this script in one
#                 archive, compressed as its name says (.tar.zst, .tar.xz, .tar.gz). Unpacked on another
#                 machine, its tools/bench.sh runs them
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
binaries=
pack=
arguments=()
usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
}
while (($# > 0)); do
    case "$1" in
        --help) usage; exit 0 ;;
        --binaries) binaries=$(cd "${2:?"--binaries needs a folder"}" && pwd); shift 2 ;;
        --pack) pack=${2:?"--pack needs a file"}; shift 2 ;;
        --quick) arguments+=("$1"); shift ;;
        --out|--repetitions|--cpus|--dir|--hot-dir|--seconds|--log-gib)
            arguments+=("$1" "${2:?"$1 needs a value"}"); shift 2 ;;
        -*) echo "bench.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
        *) arguments+=("$1"); shift ;;
    esac
done

if [[ -z "$binaries" && -f "$root/CMakeLists.txt" ]]; then
    mapfile -t programs < <(sed -n 's/^millrace_bench(\([a-z_]*\).*/\1/p' "$root/bench/CMakeLists.txt")
    "$root/tools/build.sh" release "${programs[@]}" millrace
    binaries="$root/build/release/bin"
fi
binaries=${binaries:-"$root/bin"}  # of a pack

# What of the shared libraries travels: not the C library's own, which belong to the other machine's kernel
# and loader.
shared_libraries() {
    ldd "$@" | sed -n 's/.*=> \(\/[^ ]*\) (.*/\1/p' | sort -u |
        grep -Ev '/(libc|libm|libdl|librt|libpthread|libresolv|libmvec|ld-linux[^/]*)\.so[^/]*$'
}

make_pack() {
    local file=$1 size
    staging=$(mktemp -d)  # not local: the trap outlives this function
    trap 'rm -rf "$staging"' EXIT
    local top="$staging/millrace-bench"
    mkdir -p "$top/bin" "$top/lib" "$top/tools" "$top/bench" "$top/share"
    local program
    if ! compgen -G "$binaries/*_bench" >/dev/null || [[ ! -x "$binaries/millrace" ]]; then
        echo "bench.sh: the benchmarks or millrace are not in $binaries: build them all first" >&2
        exit 1
    fi
    for program in "$binaries"/*_bench "$binaries/millrace"; do
        if ! readelf --dynamic "$program" | grep -q 'RPATH.*ORIGIN/../lib'; then
            echo "bench.sh: $program has no RPATH to ../lib: build it with this tree" >&2
            exit 1
        fi
        strip --strip-unneeded -o "$top/bin/$(basename "$program")" "$program"
    done
    shared_libraries "$binaries"/*_bench "$binaries/millrace" | xargs -I{} cp -L {} "$top/lib/"
    cp -R "$binaries/../share/millrace" "$top/share/"
    cp "$root/tools/bench.sh" "$root/tools/bench.py" "$top/tools/"
    cp "$root/bench/aims.json" "$top/bench/"
    tar --create --auto-compress --file "$file" --directory "$staging" millrace-bench
    size=$(stat --format=%s "$file")
    echo "bench.sh: $file, $((size >> 20)) MiB; unpack it, then: millrace-bench/tools/bench.sh" >&2
    if ((size > 50 << 20)); then
        echo "bench.sh: that is more than 50 MiB, which a pack may have" >&2
        exit 1
    fi
}

if [[ -n "$pack" ]]; then
    make_pack "$pack"
    exit 0
fi
exec python3 "$root/tools/bench.py" --root "$root" --binaries "$binaries" ${arguments[@]+"${arguments[@]}"}
