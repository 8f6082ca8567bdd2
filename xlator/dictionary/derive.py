#!/usr/bin/env python3
"""derive.py --quickfix DIR --overlay DIR --out DIR

Derives the dictionaries of nine FIX versions: QuickFIX's C++ headers (DIR is the folder that holds
FixFields.h) say most of it, the overlay says the rest. Writes FIX40.xml to FIX50SP2.xml and
FIXT11.xml into --out.
"""

import argparse
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # the source folder may be read-only, and stays as it is

from apply_overlay import complete
from model import VERSIONS, DictionaryError
from read_overlay import read_overlay
from read_headers import read_headers
from write_xml import write_dictionary


def derive(quickfix, overlay):
    """The nine dictionaries, oldest first."""
    return complete(read_headers(quickfix, VERSIONS), read_overlay(overlay))


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[2])
    parser.add_argument("--quickfix", required=True, metavar="DIR")
    parser.add_argument("--overlay", required=True, metavar="DIR")
    parser.add_argument("--out", required=True, metavar="DIR", type=Path)
    chosen = parser.parse_args(arguments)
    try:
        dictionaries = derive(chosen.quickfix, chosen.overlay)
        chosen.out.mkdir(parents=True, exist_ok=True)
        for dictionary in dictionaries:
            path = chosen.out / dictionary.version.file
            path.write_text(write_dictionary(dictionary), encoding="utf-8")
    except (DictionaryError, OSError) as error:
        print(error, file=sys.stderr)
        print(
            f"derive.py: nothing was written. Headers of {chosen.quickfix}, overlay of "
            f"{chosen.overlay}: if QuickFIX was updated, see docs/dictionaries.md, Another QuickFIX",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
