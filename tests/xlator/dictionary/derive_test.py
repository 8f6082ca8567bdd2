#!/usr/bin/env python3
"""derive_test.py QUICKFIX_HEADERS DERIVED: what is derived, and what is refused.

The texts are compared with the headers as header_facts.py reads them.
"""

import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.dont_write_bytecode = True
import header_facts

SOURCE = Path(__file__).resolve().parents[3] / "xlator" / "dictionary"
sys.path.insert(0, str(SOURCE))
from apply_overlay import complete
from model import VERSIONS, DictionaryError
from read_headers import read_headers
from read_overlay import read_overlay

HEADERS = Path(sys.argv[1])
DERIVED = Path(sys.argv[2])
FIX42 = next(version for version in VERSIONS if version.key == "4.2")


def derive(headers, overlay, versions=(FIX42,)):
    return complete(read_headers(headers, versions), read_overlay(overlay))


class Derived(unittest.TestCase):
    def test_fields_and_values_are_those_of_the_headers(self):
        numbers, known = header_facts.numbers(HEADERS), header_facts.values(HEADERS)
        added = []
        for file, _ in header_facts.VERSIONS:
            fields = ElementTree.parse(DERIVED / f"{file}.xml").getroot().find("fields")
            seen = [int(field.get("number")) for field in fields]
            self.assertEqual(seen, sorted(set(seen)), file)
            for field in fields:
                name = field.get("name")
                self.assertEqual(int(field.get("number")), numbers[name])
                for value in field:
                    names = [value.get("description"), *value.get("aliases", "").split()]
                    headers = known.get(name, {}).get(value.get("enum"))
                    if headers is None:
                        added.append((file, name, value.get("enum")))
                    elif name != "MsgType":
                        self.assertEqual(sorted(names), sorted(set(headers)), f"{file} {name}")
        self.assertEqual(
            added,
            [("FIX43", "TradeReportTransType", each) for each in "NRC"]
            + [("FIX50SP1", "SessionRejectReason", "18"), ("FIX50SP2", "SessionRejectReason", "18")],
        )

    def test_the_transport_knows_the_message_types_of_all_versions(self):
        tags = header_facts.numbers(HEADERS)
        types = set()
        for _, folder in header_facts.VERSIONS:
            types |= {each.msg_type for each in header_facts.messages(HEADERS, folder, tags)}
        root = ElementTree.parse(DERIVED / "FIXT11.xml").getroot()
        field = next(each for each in root.find("fields") if each.get("name") == "MsgType")
        self.assertEqual({value.get("enum") for value in field}, types)
        self.assertEqual(len(types), 116)

    def test_blocks_come_back_as_components(self):
        root = ElementTree.parse(DERIVED / "FIX44.xml").getroot()
        order = next(m for m in root.find("messages") if m.get("name") == "NewOrderSingle")
        used = [member.get("name") for member in order if member.tag == "component"]
        for name in ("Parties", "Instrument", "OrderQtyData", "CommissionData", "PreAllocGrp"):
            self.assertIn(name, used)
        known = {component.get("name") for component in root.find("components")}
        for use in root.iter("component"):
            self.assertIn(use.get("name"), known)

    def test_two_runs_write_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, str(SOURCE / "derive.py"), "--quickfix", str(HEADERS)]
            command += ["--overlay", str(SOURCE / "overlay"), "--out", folder]
            subprocess.run(command, check=True)
            for version in VERSIONS:
                self.assertEqual(
                    (Path(folder) / version.file).read_bytes(),
                    (DERIVED / version.file).read_bytes(),
                )


class RefusedOverlay(unittest.TestCase):
    """Each line is refused with its file, its line and what is wrong with it."""

    LINES = (
        # what no overlay can say
        ("price 4.2 X", "unknown kind of fact price"),
        ("define", "define without a version"),
        ("define 4.5 AdvId", "unknown version 4.5"),
        ("define 4.3-4.1 AdvId", "4.3-4.1 is not a range of versions"),
        ("define 4.2-T1.1 AdvId", "4.2-T1.1 is not a range of versions"),
        ("define 4.2,4.1 AdvId", "versions 4.2,4.1: ascending, each once"),
        ("define 4.2", "not of the form: define VERSIONS FIELD..."),
        ("define 4.2 AdvId AdvId", "define says AdvId twice in one line"),
        ("type 4.2 TEXT Symbol", "unknown type TEXT"),
        ("type 4.2 STRING", "not of the form: type"),
        ("values 4.2 Side", "not of the form: values"),
        ("values 4.2 Side 1 1", "value 1 of Side is listed twice"),
        ("values 4.2 Side 9..1", "9..1 is not a range of numbers or letters"),
        ("order 4.2 News NoRoutingIDs Headline", "not of the form: order"),
        ("component 4.2 Instrument NewOrderSingle", "not of the form: component"),
        ("required 4.2 NewOrderSingle", "not of the form: required"),
        ("name Side 1", "not of the form: name"),
        # what these headers do not fit
        ("admin 4.2 Nonsense", "QuickFIX's headers have no message Nonsense in version 4.2"),
        ("define 4.2 Nonsense", "QuickFIX's headers have no field Nonsense in version 4.2"),
        ("define 4.2 Symbol", "a message of version 4.2 uses Symbol"),
        ("type 4.2 CHAR Nonsense", "have no field Nonsense in version 4.2"),
        ("type 4.2 CHAR Side", "Side is CHAR in version 4.2 without it"),
        ("values 4.2 Nonsense none", "have no field Nonsense in version 4.2"),
        ("values 4.2 Side 1 Z", "value Z of Side is not in QuickFIX's headers"),
        ("values 4.2 Side 1=BUY", "value 1 of Side is already in QuickFIX's headers"),
        ("values 4.2 EncryptMethod 0..6", "EncryptMethod has just these values"),
        ("order 4.2 News NoRoutingIDs after BidID", "in version 4.2 this line moves nothing"),
        ("order 4.2 Nonsense NoRoutingIDs after BidID", "this line moves nothing"),
        ("component 4.2 Block Nonsense Symbol", "version 4.2 has no section Nonsense"),
        ("component 4.2 Block NewOrderSingle Side .. Symbol", "has no run from Side to Symbol"),
        ("required 4.2 NewOrderSingle Nonsense", "has no Nonsense directly in NewOrderSingle"),
        ("required 4.2 NewOrderSingle Symbol", "Symbol in NewOrderSingle is required"),
        ("name Side 1 SELL", "Side 1 is never called SELL"),
        ("name Side 1 BUY", "BUY is the name of Side 1 without this line"),
        ("name Side Z BUY", "QuickFIX's headers have no value Z of Side"),
    )

    def test_every_wrong_line(self):
        for line, reason in self.LINES:
            with self.subTest(line), tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "wrong.txt"
                path.write_text(f"# a comment\n\n{line}\n")
                with self.assertRaises(DictionaryError) as refused:
                    headers = read_headers(HEADERS, (FIX42,))
                    complete(headers, read_overlay(folder))
                self.assertTrue(str(refused.exception).startswith(f"{path}:3: "), refused.exception)
                self.assertIn(reason, str(refused.exception))

    def test_a_fact_said_twice_names_both_lines(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "a.txt").write_text("type 4.2-4.3 INT NoRpts\n")
            (Path(folder) / "b.txt").write_text("\ntype 4.3\n    INT NoRpts\n")
            with self.assertRaises(DictionaryError) as refused:
                read_overlay(folder)
            self.assertIn("b.txt:2: type 4.3 NoRpts is already said in", str(refused.exception))
            self.assertIn("a.txt:1", str(refused.exception))

    def test_equal_components_need_their_sections(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "a.txt").write_text(
                "component 4.2 One NewOrderSingle NoAllocs\n"
                "component 4.2 Other NewOrderSingle NoAllocs\n"
            )
            with self.assertRaises(DictionaryError) as refused:
                derive(HEADERS, folder)
            self.assertIn("a.txt:2: components One and Other", str(refused.exception))

    def test_no_overlay_at_all(self):
        with self.assertRaises(DictionaryError) as refused:
            read_overlay("/nowhere")
        self.assertIn("no overlay files", str(refused.exception))


class ChangedHeaders(unittest.TestCase):
    """Headers of another QuickFIX: what does not fit is named, not guessed."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.headers = Path(self.folder.name)
        for name in ("FixFields.h", "FixFieldNumbers.h", "FixValues.h"):
            shutil.copy(HEADERS / name, self.headers)
        shutil.copytree(HEADERS / "fix42", self.headers / "fix42")

    def tearDown(self):
        self.folder.cleanup()

    def refusal(self, file, old, new):
        path = self.headers / file
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))
        with self.assertRaises(DictionaryError) as refused:
            derive(self.headers, SOURCE / "overlay")
        return str(refused.exception)

    def test_an_unchanged_copy_is_taken(self):
        (dictionary,) = derive(self.headers, SOURCE / "overlay")
        self.assertEqual(len(dictionary.messages), 46)

    def test_a_group_the_overlay_speaks_of_is_gone(self):
        text = (self.headers / "fix42/News.h").read_text()
        start = text.index("    FIELD_SET(*this, FIX::NoRoutingIDs);")
        end = text.index("    };\n", start) + len("    };\n")
        reason = self.refusal("fix42/News.h", text[start:end], "")
        self.assertRegex(reason, r"order\.txt:\d+: in version 4\.2 this line moves nothing")

    def test_a_statement_of_another_form(self):
        reason = self.refusal("fix42/News.h", "FIELD_SET(*this, FIX::Urgency);", "FIELD(Urgency);")
        self.assertRegex(reason, r"fix42/News\.h:\d+: not a line that QuickFIX 1\.15\.1 has")

    def test_a_field_without_a_number(self):
        reason = self.refusal("FixFieldNumbers.h", "const int Urgency = 61;", "")
        self.assertIn("field Urgency has no number or type", reason)

    def test_a_group_with_another_delimiter(self):
        reason = self.refusal("fix42/News.h", "FIX::Group(33,58,", "FIX::Group(33,354,")
        self.assertIn("group LinesOfText is constructed as", reason)

    def test_a_value_that_is_gone(self):
        name = "FIXED_PEG_TO_LOCAL_BEST_BID_OR_OFFER_AT_TIME_OF_ORDER"
        reason = self.refusal("FixValues.h", f"  const char ExecInst_{name} = 'T';\n", "")
        self.assertRegex(reason, r"values\.txt:\d+: value T of ExecInst is not in QuickFIX's")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
