#!/usr/bin/env python3
"""Plants one-line mistakes in the sources of a layer, one at a time on a copy, and tells which of them no test notices.

    scripts/mutate.py LAYER [--count N] [--seed S] [--minutes M]

LAYER is autodiff, ops or hollow. The mistakes are drawn by the seed, equally many of each kind: swapped operators and
comparisons, changed constants, negated conditions, dropped statements, swapped min and max. A mistake is killed if a test
of the layer fails or takes ten times as long as it should. Those that do not compile are not counted.

The copy and its build are in build/mutate/copy. Results go to build/mutate/LAYER-S.jsonl, one line a mistake; a later
call with the same seed goes on where this one ended. Ctrl-C ends it at any time.
"""

import argparse
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / "build/mutate/copy"
BUILD = COPY / "build"

# (what, pattern, replacements). A pattern matches in code: text and comments are blanked out before.
SWAPS = [
    ("operator", r"(?<=[\w)\]] )[-+](?= [\w(])", {"+": "-", "-": "+"}),
    ("operator", r"(?<=[\w)\]] )[*/](?= [\w(])", {"*": "/", "/": "*"}),
    ("assignment", r"(?<= )[-+*]=(?= )", {"+=": "-=", "-=": "+=", "*=": "/="}),
    ("comparison", r"(?<=[\w)\]] )(?:<=|>=|<|>)(?= [\w(-])", {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}),
    ("equality", r"(?<= )(?:==|!=)(?= )", {"==": "!=", "!=": "=="}),
    ("logic", r"(?<= )(?:&&|\|\|)(?= )", {"&&": "||", "||": "&&"}),
    ("extremum", r"\bstd::(?:min|max)\b", {"std::min": "std::max", "std::max": "std::min"}),
    ("constant", r"(?<![\w.])\d+\.\d+(?![\w.])", None),
    ("constant", r"(?<=[ (\[])\d(?=[ );\],])", None),
    ("condition", r"(?<=\bif \()[^;{}]*(?=\)(?: \{)?$)", None),
    ("statement", r"^\s+(?!return|const|auto|fail|case|using)[\w.>\[\]():-]+(?:\(.*\)| [-+*]?= .*);$", None),
]


def code_only(line):
    """The line with texts, characters and comments blanked out, at the same columns."""
    blank = lambda m: m.group(0)[0] + " " * (len(m.group(0)) - 2) + m.group(0)[-1]
    line = re.sub(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)\'', blank, line)
    return re.sub(r"//.*", lambda m: " " * len(m.group(0)), line)


def replacement(kind, found, swaps):
    if swaps:
        return swaps[found]
    if kind == "constant":
        return str(float(found) * 2) if "." in found else str(int(found) + 1)
    if kind == "condition":
        return "!(" + found + ")"
    return re.match(r"\s*", found).group(0) + ";"  # a dropped statement


def mistakes_of(path):
    """All mistakes of a file, as (line number, kind, changed line)."""
    found = []
    lines = path.read_text().split("\n")
    for number, line in enumerate(lines):
        code = code_only(line)
        if code.lstrip().startswith(("#", "namespace", "template", "using", "static_assert", "fail<")):
            continue
        for kind, pattern, swaps in SWAPS:
            for match in re.finditer(pattern, code):
                new = replacement(kind, line[match.start() : match.end()], swaps)
                found.append((number, kind, line[: match.start()] + new + line[match.end() :]))
    return found


def run(command, timeout):
    """The exit code and output of a command; the code is None if it takes too long. Its children end with it."""
    process = subprocess.Popen(
        command, cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        output, _ = process.communicate(timeout=timeout)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None, ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layer", choices=["autodiff", "ops", "hollow"])
    parser.add_argument("--count", type=int, default=300, help="mistakes that compile, in all (default 300)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end after this time")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes

    revision = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=ROOT, text=True).strip()
    marker = COPY / ".revision"
    if not marker.exists() or marker.read_text() != revision:
        print(f"copying {revision[:10]} to {COPY}")
        if COPY.exists():
            for entry in COPY.iterdir():
                if entry.name != "build":
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        COPY.mkdir(parents=True, exist_ok=True)
        archive = subprocess.Popen(["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE)
        subprocess.check_call(["tar", "-x", "-C", COPY], stdin=archive.stdout)
        marker.write_text(revision)

    target = f"test_{options.layer}"
    test = ["ctest", "--test-dir", str(BUILD), "-L", f"^{options.layer}$", "-j", str(os.cpu_count()), "--stop-on-failure"]
    print("building the copy")
    for command in (
        ["cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DDIMWISE_APPS=OFF"],
        ["ninja", "-C", "build", target],
    ):
        code, output = run(command, None)
        if code != 0:
            sys.exit(output)
    began = time.monotonic()
    code, output = run(test, None)
    if code != 0:
        sys.exit("The tests fail without a mistake:\n" + output)
    usual = time.monotonic() - began
    print(f"the tests take {usual:.0f} s")

    files = sorted(p for p in (COPY / options.layer).rglob("*.cpp"))
    kinds = {}
    for p in files:
        for mistake in mistakes_of(p):
            kinds.setdefault(mistake[1], []).append((p, *mistake))
    draw = random.Random(options.seed)
    for kind in sorted(kinds):
        draw.shuffle(kinds[kind])
    in_turns = itertools.zip_longest(*(kinds[kind] for kind in sorted(kinds)))
    all_mistakes = [mistake for turn in in_turns for mistake in turn if mistake]
    results = ROOT / f"build/mutate/{options.layer}-{options.seed}.jsonl"
    done = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    known = {(d["file"], d["line"], d["new"]) for d in done}
    counted = [d for d in done if d["result"] != "does not compile"]

    with results.open("a") as log:
        for path, number, kind, new in all_mistakes:
            name = str(path.relative_to(COPY))
            if len(counted) >= options.count or time.monotonic() > end:
                break
            if (name, number + 1, new.strip()) in known:
                continue
            original = path.read_text()
            lines = original.split("\n")
            old, lines[number] = lines[number], new
            try:
                path.write_text("\n".join(lines))
                code, _ = run(["ninja", "-C", "build", target], 900)
                if code != 0:
                    result = "does not compile"
                else:
                    code, output = run(test, 30 + 10 * usual)
                    result = "survived" if code == 0 else "killed"
            finally:
                path.write_text(original)
            entry = dict(file=name, line=number + 1, kind=kind, old=old.strip(), new=new.strip(), result=result)
            log.write(json.dumps(entry) + "\n")
            log.flush()
            done.append(entry)
            if result != "does not compile":
                counted.append(entry)
            if result == "survived":
                print(f"survived  {name}:{number + 1}\n  - {old.strip()}\n  + {new.strip()}", flush=True)
    killed = sum(d["result"] == "killed" for d in counted)
    print(f"{options.layer}: {killed} of {len(counted)} mistakes killed; {len(all_mistakes)} can be planted in {len(files)} files")


if __name__ == "__main__":
    main()
