#!/usr/bin/env python3
"""Tests tools/bench.py against benchmark programs made up here."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(sys.argv.pop(1)).resolve()

# Writes the rows it finds beside itself where it is told to, and ends as it is told.
PROGRAM = """#!/usr/bin/env python3
import json, pathlib, sys
here = pathlib.Path(__file__)
plan = json.loads(here.with_suffix(".plan").read_text())
here.with_suffix(".arguments").write_text(json.dumps(sys.argv[1:]))
out = [word.split("=", 1)[1] for word in sys.argv if word.startswith("--benchmark_out=")][0]
result = {"context": {"commit": "c0ffee"}, "benchmarks": plan["rows"]}
pathlib.Path(out).write_text(json.dumps(result))
print("said so")
sys.exit(plan["status"])
"""


def row(name, **counters):
    return {"name": name, "run_name": name, "run_type": "iteration", **counters}


class Bench(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "bin").mkdir()
        (self.root / "bench").mkdir()

    def make_program(self, name, rows, status=0):
        program = self.root / "bin" / name
        program.write_text(PROGRAM)
        program.chmod(0o755)
        program.with_suffix(".plan").write_text(json.dumps({"rows": rows, "status": status}))

    def run_script(self, aims, *arguments):
        (self.root / "bench" / "aims.json").write_text(json.dumps(aims))
        return subprocess.run(
            [sys.executable, str(SCRIPT), "--root", str(self.root),
             "--binaries", str(self.root / "bin"), "--out", str(self.root / "out"), *arguments],
            capture_output=True, text=True, timeout=60)

    def line(self, ran, what):
        lines = [line for line in ran.stdout.split("\n") if line.startswith(f"| {what} |")]
        self.assertEqual(len(lines), 1, ran.stdout + ran.stderr)
        return [cell.strip() for cell in lines[0].strip("|").split("|")]

    def aim(self, **more):
        return {"what": "a thing", "program": "one_bench", "benchmark": "a/1",
                "counters": ["x"], **more}

    def test_takes_the_median_of_the_repetitions_and_not_of_aggregates(self):
        rows = [row("a/1/iterations:7/manual_time", x=value) for value in (10, 30, 20)]
        rows.append({**row("a/1/iterations:7/manual_time", x=999), "run_type": "aggregate"})
        self.make_program("one_bench", rows)
        ran = self.run_script([self.aim(unit="ns", at_most=20)])
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(self.line(ran, "a thing")[1:], ["20 ns", "<= 20", "met", "10 .. 30"])

    def test_says_when_an_aim_is_missed(self):
        self.make_program("one_bench", [row("a/1", x=21), row("b", x=5)])
        aims = [self.aim(at_most=20), self.aim(what="another", benchmark="b", at_least=6)]
        ran = self.run_script(aims)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(self.line(ran, "a thing")[3], "MISSED")
        self.assertEqual(self.line(ran, "another")[2:4], [">= 6", "MISSED"])

    def test_divides_repetition_by_repetition(self):
        rows = [row("a/1", x=10), row("a/1", x=40), row("a/1", x=30)]
        rows += [row("b", x=10), row("b", x=20), row("b", x=10)]
        self.make_program("one_bench", rows)
        ran = self.run_script([self.aim(per="b", unit="x")])
        self.assertEqual(self.line(ran, "a thing")[1], "2 x")

    def test_makes_a_row_of_each_name(self):
        self.make_program("one_bench", [row("a/1", x=1), row("a/2", x=2)])
        ran = self.run_script([self.aim(what="thing {}", benchmark="a/{}", each=["1", "2"])])
        self.assertEqual(self.line(ran, "thing 1")[1], "1")
        self.assertEqual(self.line(ran, "thing 2")[1], "2")

    def test_makes_a_row_of_each_name_in_a_counter(self):
        self.make_program("one_bench", [row("a/1", x_ns=1, y_ns=2)])
        ran = self.run_script([self.aim(what="thing {}", counters=["{}_ns"], each=["x", "y"])])
        self.assertEqual(self.line(ran, "thing x")[1], "1")
        self.assertEqual(self.line(ran, "thing y")[1], "2")

    def test_fails_when_a_figure_is_not_there(self):
        self.make_program("one_bench", [row("a/1", y=1)])
        ran = self.run_script([self.aim()])
        self.assertEqual(ran.returncode, 1)
        self.assertIn("no figure: a/1: x", ran.stderr)

    def test_lets_a_short_run_leave_away_a_far_percentile(self):
        self.make_program("one_bench", [row("a/1", ns_p50=1)])
        ran = self.run_script([self.aim(counters=["ns_p9999"], at_most=5)])
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(self.line(ran, "a thing")[1:4], ["-", "<= 5", "-"])

    def test_passes_on_why_a_benchmark_was_skipped(self):
        skipped = {**row("a/1"), "error_occurred": True, "error_message": "no disk here"}
        self.make_program("one_bench", [skipped])
        ran = self.run_script([self.aim()])
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(self.line(ran, "a thing")[4], "no disk here")

    def test_fails_when_a_program_does_and_runs_the_others(self):
        self.make_program("one_bench", [], status=3)
        self.make_program("two_bench", [row("b", x=7)])
        ran = self.run_script([self.aim(what="other", program="two_bench", benchmark="b")])
        self.assertEqual(ran.returncode, 1)
        self.assertIn("one_bench ended with 3: said so", ran.stderr)
        self.assertEqual(self.line(ran, "other")[1], "7")

    def arguments_of(self, program, *arguments):
        self.make_program(program, [row("a/1", x=1)])
        ran = self.run_script([self.aim(program=program)], *arguments, program)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return json.loads((self.root / "bin" / program).with_suffix(".arguments").read_text())

    def test_shuffles_the_repetitions_of_rivals_and_of_nobody_else(self):
        shuffled = "--benchmark_enable_random_interleaving=true"
        self.assertIn(shuffled, self.arguments_of("log_rivals_bench"))
        self.assertIn(shuffled, self.arguments_of("ring_bench"))
        self.assertNotIn(shuffled, self.arguments_of("ring_bench", "--repetitions", "1"))
        self.assertNotIn(shuffled, self.arguments_of("log_replay_bench"))

    def test_names_what_had_too_few_cpus(self):
        self.make_program("one_bench", [row("a/1", x=1, oversubscribed=1),
                                        row("b", x=1, oversubscribed=0)])
        ran = self.run_script([self.aim()])
        self.assertEqual(self.line(ran, "oversubscribed")[1], "a/1")

    def test_judges_nothing_in_a_quick_run(self):
        self.make_program("one_bench", [row("a/1", x=99)])
        ran = self.run_script([self.aim(at_most=1)], "--quick")
        self.assertEqual(self.line(ran, "a thing")[3], "-")

    def test_hands_its_flags_to_the_programs_named(self):
        self.make_program("one_bench", [row("a/1", x=1)])
        self.make_program("two_bench", [], status=9)
        ran = self.run_script([self.aim()], "--cpus", "0,2", "--log-gib", "10",
                              "--repetitions", "4", "one")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        passed = json.loads((self.root / "bin" / "one_bench.arguments").read_text())
        for flag in ("--cpus=0,2", "--log-gib=10", "--benchmark_repetitions=4"):
            self.assertIn(flag, passed)
        noted = json.loads((self.root / "out" / "run.json").read_text())
        self.assertEqual([note["program"] for note in noted["programs"]], ["one_bench"])

    def test_refuses_a_name_that_is_no_program(self):
        self.make_program("one_bench", [])
        ran = self.run_script([], "three")
        self.assertEqual(ran.returncode, 2)
        self.assertIn("no three_bench", ran.stderr)


if __name__ == "__main__":
    unittest.main()
