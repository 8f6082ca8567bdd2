#!/usr/bin/env python3
"""Runs benchmark programs and prints one table of medians beside the aims. Started by bench.sh.

Writes to the folder --out: NAME.json as Google Benchmark makes it, NAME.txt (what the program
said), NAME.histograms.jsonl, run.json (the machine, and what else it did), table.md.
Ends with 1 if a program failed or a figure that should be there is not.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import time


def cpu_seconds():
    """Busy and stolen seconds of all CPUs since the machine started."""
    first_line = pathlib.Path("/proc/stat").read_text().split("\n")[0]
    fields = [int(word) for word in first_line.split()[1:]]
    tick = os.sysconf("SC_CLK_TCK")
    idle = fields[3] + fields[4]
    stolen = fields[7] if len(fields) > 7 else 0
    return (sum(fields[:8]) - idle - stolen) / tick, stolen / tick


def own_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Beside:
    """What else ran while a block did, in CPUs."""

    def __enter__(self):
        self.busy, self.stolen = cpu_seconds()
        self.own, self.began = own_seconds(), time.monotonic()
        return self

    def __exit__(self, *_):
        wall = max(time.monotonic() - self.began, 1e-9)
        busy, stolen = cpu_seconds()
        own = own_seconds() - self.own
        self.seconds = round(wall, 1)
        self.others_cpus = round(max(busy - self.busy - own, 0) / wall, 2)
        self.stolen_cpus = round((stolen - self.stolen) / wall, 2)


# Rivals are compared in these: their repetitions are shuffled, so that a change of the machine meets all alike. In
# the others a benchmark goes on from what the one before left.
COMPARES_RIVALS = {"ring_bench", "log_rivals_bench", "xlator_encode_bench"}


def run_program(name, options, out):
    program = options.binaries / name
    command = [str(program), f"--histograms={out / (name + '.histograms.jsonl')}"]
    for flag in ("cpus", "dir", "hot_dir", "seconds", "log_gib"):
        value = getattr(options, flag)
        if value is not None:
            command.append(f"--{flag.replace('_', '-')}={value}")
    if options.quick:
        command.append("--quick")
    command += [
        f"--benchmark_repetitions={options.repetitions}",
        f"--benchmark_out={out / (name + '.json')}",
        "--benchmark_out_format=json",
        "--benchmark_display_aggregates_only=true",
        "--benchmark_counters_tabular=false",
    ]
    if name in COMPARES_RIVALS and options.repetitions > 1:
        command.append("--benchmark_enable_random_interleaving=true")
    (out / (name + ".histograms.jsonl")).unlink(missing_ok=True)
    print(f"bench: {name}", file=sys.stderr, flush=True)
    with open(out / (name + ".txt"), "wb") as said, Beside() as beside:
        code = subprocess.run(command, stdout=said, stderr=subprocess.STDOUT).returncode
    note = {
        "program": name,
        "command": command,
        "exit_status": code,
        "seconds": beside.seconds,
        "others_cpus": beside.others_cpus,
        "stolen_cpus": beside.stolen_cpus,
    }
    if code != 0:
        last = (out / (name + ".txt")).read_text(errors="replace").strip().split("\n")[-1]
        print(f"bench: {name} ended with {code}: {last}", file=sys.stderr)
    return note


SUFFIXES = re.compile(r"/(iterations:\d+|repeats:\d+|min_time:[0-9.]+|min_warmup_time:[0-9.]+"
                      r"|manual_time|real_time|process_time|threads:\d+)(?=/|$)")


def read_results(out, names):
    """benchmark -> list of its repetitions; the context; what was skipped -> why."""
    found, skipped, context = {}, {}, {}
    for name in names:
        try:
            result = json.loads((out / (name + ".json")).read_text())
        except (OSError, ValueError):
            continue  # the program's exit status tells
        context = context or result["context"]
        for row in result["benchmarks"]:
            benchmark = SUFFIXES.sub("", row.get("run_name", row["name"]))
            if row.get("error_occurred"):
                skipped[benchmark] = row.get("error_message", "")
            elif row.get("run_type", "iteration") == "iteration":
                found.setdefault(benchmark, []).append(row)
    return found, skipped, context


def values_of(found, benchmark, counter):
    return [row[counter] for row in found.get(benchmark, []) if counter in row]


def figures(found, aim):
    """One list of a figure's repetitions for each of the row's counters; empty: no such figure."""
    lists = []
    for counter in aim["counters"]:
        values = values_of(found, aim["benchmark"], counter)
        if "per" in aim:
            per = values_of(found, aim["per"], aim.get("per_counter", counter))
            values = [mine / theirs for mine, theirs in zip(values, per) if theirs]
        lists.append([value * aim.get("scale", 1) for value in values])
    return lists


def short(value):
    if abs(value) >= 100000:
        return f"{value:.3g}".replace("e+0", "e").replace("e+", "e")
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def verdict(aim, median, is_quick):
    if "at_most" not in aim and "at_least" not in aim:
        return "", ""
    at_most = "at_most" in aim
    limit = aim["at_most"] if at_most else aim["at_least"]
    text = f"{'<=' if at_most else '>='} {short(limit)}"
    if is_quick or median is None:
        return text, "-"
    return text, "met" if (median <= limit if at_most else median >= limit) else "MISSED"


def is_short(aim, found):
    """A run too short for a percentile this far out leaves it away."""
    counters = [aim["counters"][0], aim.get("per_counter", "")]
    return aim["benchmark"] in found and any(re.search(r"_p999+$", counter) for counter in counters)


def expand(rows):
    """One row for each name in a row's `each`, put where its text says {}."""
    aims = []
    for row in rows:
        for name in row.get("each", [None]):
            aim = {key: value for key, value in row.items() if key != "each"}
            for key, value in aim.items():
                if name is not None and isinstance(value, str):
                    aim[key] = value.replace("{}", name)
                elif name is not None and isinstance(value, list):
                    aim[key] = [one.replace("{}", name) for one in value]
            aims.append(aim)
    return aims


def table_rows(aims, found, skipped, names, is_quick):
    """The table's rows, and the benchmarks whose figures should be there and are not."""
    rows, missing = [], []
    for aim in aims:
        if aim["program"] not in names:
            continue
        lists = figures(found, aim)
        medians = [statistics.median(values) if values else None for values in lists]
        limit, met = verdict(aim, medians[0], is_quick)
        got = " / ".join("-" if one is None else short(one) for one in medians)
        spread = ""
        if len(lists) == 1 and len(lists[0]) > 1:
            spread = f"{short(min(lists[0]))} .. {short(max(lists[0]))}"
        if aim["benchmark"] in skipped:
            spread = skipped[aim["benchmark"]]
        elif medians[0] is None and not is_short(aim, found):
            missing.append(f"{aim['benchmark']}: {aim['counters'][0]}")
        rows.append((aim["what"], f"{got} {aim.get('unit', '')}".strip(), limit, met, spread))
    return rows, missing


def machine_lines(context, notes, found, options):
    oversubscribed = sorted(benchmark for benchmark, rows in found.items()
                            if any(row.get("oversubscribed") for row in rows))
    others = max((note["others_cpus"] for note in notes), default=0)
    stolen = max((note["stolen_cpus"] for note in notes), default=0)
    def told(key):
        return context.get(key, "unknown")

    lines = [
        ("date", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%MZ")),
        ("build", f"commit {told('commit')}, {told('compiler')}, {told('flags')}"),
        ("processor", f"{told('processor')}, {told('usable_cpus')} usable CPUs, "
                      f"governor {told('governor')}, clock {told('clock_source')}"),
        ("kernel", told("kernel")),
        ("logs on", f"{told('file_system')}, hot ones on {told('hot_file_system')}"),
        ("pinned to", f"CPUs {told('pinned_cpus')}, distance {told('pinned_distance')}"),
        ("others ran on", f"at most {others} CPUs beside a program; the host took {stolen}"),
        ("oversubscribed", ", ".join(oversubscribed) if oversubscribed else "nothing"),
        ("repetitions", f"{options.repetitions}; figures are medians"),
    ]
    if options.quick:
        lines.append(("quick", "yes: these figures mean nothing"))
    return lines


def render(lines, rows):
    text = ["| | |", "| --- | --- |"] + [f"| {name} | {value} |" for name, value in lines] + [""]
    text += ["| what | median | aim | | spread |", "| --- | --- | --- | --- | --- |"]
    return "\n".join(text + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--binaries", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--cpus")
    parser.add_argument("--dir")
    parser.add_argument("--hot-dir")
    parser.add_argument("--seconds")
    parser.add_argument("--log-gib")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if options.repetitions is None:
        options.repetitions = 1 if options.quick else 5
    if options.repetitions < 1:
        parser.error("--repetitions wants at least 1")
    there = sorted(
        path.name for path in options.binaries.glob("*_bench") if os.access(path, os.X_OK))
    wanted = [name if name.endswith("_bench") else name + "_bench" for name in options.names]
    for name in wanted:
        if name not in there:
            parser.error(f"no {name} in {options.binaries}; there: {', '.join(there) or 'none'}")
    if not there:
        parser.error(f"no programs named *_bench in {options.binaries}")
    options.names = wanted or there
    if options.out is None:
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        options.out = options.root / "build" / "bench" / stamp
    return options


def main():
    options = parse_arguments()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    aims = expand(json.loads((options.root / "bench" / "aims.json").read_text()))
    with Beside() as before:
        time.sleep(0 if options.quick else 1)
    notes = [run_program(name, options, out) for name in options.names]
    failed = [note["program"] for note in notes if note["exit_status"] != 0]

    found, skipped, context = read_results(out, options.names)
    lines = machine_lines(context, notes, found, options)
    rows, missing = table_rows(aims, found, skipped, options.names, options.quick)
    table = render(lines, rows)
    (out / "table.md").write_text(table)
    (out / "run.json").write_text(json.dumps({
        "machine": dict(lines),
        "others_cpus_before": before.others_cpus,
        "stolen_cpus_before": before.stolen_cpus,
        "programs": notes,
        "failed": failed,
        "missing": missing,
    }, indent=2) + "\n")
    print(table, end="")
    print(f"bench: everything is in {out}", file=sys.stderr)
    for name in missing:
        print(f"bench: no figure: {name}", file=sys.stderr)
    return 1 if failed or missing else 0


if __name__ == "__main__":
    sys.exit(main())
