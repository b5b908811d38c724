#!/usr/bin/env python3
"""Plants one-line mistakes in the sources of a layer, one at a time, and tells which of them no test notices.

    scripts/mutate.py LAYER [--count N] [--seed S] [--minutes M] [--jobs J]
    scripts/mutate.py LAYER --again [--sanitize] [--seed S]

LAYER is autodiff, ops or hollow. The mistakes are drawn by the seed, equally many of each kind: swapped operators and
comparisons, changed constants, negated conditions, dropped statements, swapped min and max. A mistake is killed if a test
of the layer, or one of ops for autodiff, fails or takes ten times as long as it should. Those that do not compile are
not counted.

The last commit is copied to build/mutate/copy and built there once. Each mistake is compiled alone and linked in front of
the library, whose own version is then left out. The tests that share a name with the changed file, and those that killed
before, run first. Results go to build/mutate/LAYER-S.jsonl, one line a mistake; a later call with the same seed goes on
where this one ended. Ctrl-C ends it at any time. The exit code is 1 if less than 90 % are killed. --again plants the
survivors once more, after tests were added; with --sanitize under AddressSanitizer and UndefinedBehaviorSanitizer, which
see what is read or written out of bounds.
"""

import argparse
import concurrent.futures
import filecmp
import itertools
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / "build/mutate/copy"

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


def run(command, timeout=None, **settings):
    """The exit code and output of a command; the code is None if it takes too long. Its children end with it."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        **settings,
    )
    try:
        output, _ = process.communicate(timeout=timeout)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None, ""


def must(command, **settings):
    code, output = run(command, **settings)
    if code != 0:
        sys.exit(f"{shlex.join(map(str, command))} failed:\n{output}")
    return output


def copy_last_commit():
    """Brings the copy to HEAD. Files that did not change keep their time, so that they are not compiled again."""
    revision = must(["git", "rev-parse", "HEAD"], cwd=ROOT).strip()
    with tempfile.TemporaryDirectory() as fresh:
        must(["sh", "-c", f"git archive HEAD | tar -x -C {shlex.quote(fresh)}"], cwd=ROOT)
        names = {p.relative_to(fresh) for p in pathlib.Path(fresh).rglob("*") if not p.is_dir()}
        for p in list(COPY.rglob("*")):
            name = p.relative_to(COPY)
            if not name.parts[0].startswith("build") and not p.is_dir() and name not in names:
                p.unlink()
        for name in names:
            to = COPY / name
            if not to.exists() or not filecmp.cmp(pathlib.Path(fresh) / name, to, shallow=False):
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(pathlib.Path(fresh) / name, to)
    return revision


class Test:
    """A ctest entry: its command, working directory, environment, and seconds without a mistake."""

    def __init__(self, entry):
        properties = {p["name"]: p["value"] for p in entry.get("properties", [])}
        self.name = entry["name"]
        self.program = pathlib.Path(entry["command"][0]).name
        self.command = entry["command"]
        self.cwd = properties.get("WORKING_DIRECTORY", str(COPY))
        self.environment = dict(os.environ, **dict(e.split("=", 1) for e in properties.get("ENVIRONMENT", [])))
        self.seconds = 0.0
        self.kills = 0

    def fails(self, program, limit):
        """Whether the test fails when `program` stands for the test program; skipped is not failed."""
        command = [program if part == self.command[0] else part for part in self.command]
        code, _ = run(command, limit, cwd=self.cwd, env=self.environment)
        return code not in (0, 77)


class Layer:
    """The built tests that a layer's mistakes must pass, and the commands that compile one of its files and link them."""

    def __init__(self, name, sanitize):
        layers = {"autodiff": ["autodiff", "ops"]}.get(name, [name])
        print("building the copy", flush=True)
        self.build = COPY / ("build-sanitize" if sanitize else "build")
        settings = ["-DCMAKE_BUILD_TYPE=Release", "-DDIMWISE_APPS=OFF", "-DDIMWISE_CCACHE="]
        if sanitize:
            settings += ["-DDIMWISE_SANITIZE=address,undefined", "-DCMAKE_CXX_COMPILER=clang++"]
        must(["cmake", "-S", COPY, "-B", self.build, "-G", "Ninja", *settings])
        targets = [f"test_{each}" for each in layers]
        must(["ninja", "-C", self.build, *targets])
        commands = must(["ninja", "-C", self.build, "-t", "commands", *targets]).splitlines()
        self.compile = {m.group(1): c for c in commands if (m := re.search(r" -c (\S+\.cpp)$", c))}
        self.link = {}
        for target in targets:
            link = next(c for c in commands if f" -o tests/{target} " in c)
            self.link[target] = re.search(r"\S*(?:g\+\+|c\+\+|clang\+\+)\S* .*?(?= && :|$)", link).group(0)
        listed = json.loads(must(["ctest", "--test-dir", self.build, "-L", f"^({'|'.join(layers)})$", "--show-only=json-v1"]))
        self.tests = [t for t in map(Test, listed["tests"]) if t.program in targets]
        for test in self.tests:
            began = time.monotonic()
            if test.fails(test.command[0], None):
                sys.exit(f"{test.name} fails without a mistake.")
            test.seconds = time.monotonic() - began
        print(f"{len(self.tests)} tests take {sum(t.seconds for t in self.tests):.0f} s", flush=True)

    def in_order(self, name):
        words = set(re.split(r"[/_.]", name)) - {"cpp", "ops", "autodiff", "hollow", "detail"}
        related = lambda t: bool(words & set(re.split(r"[/_]", t.name)))
        own = lambda t: t.program == "test_" + name.split("/")[0]
        return sorted(self.tests, key=lambda t: (not own(t), not related(t), -(t.kills + 0.2) / (t.seconds + 0.05)))

    def result_of(self, name, text):
        """What becomes of the mistake that makes the file `name` this text, and the test that notices it."""
        with tempfile.TemporaryDirectory(dir=self.build) as folder:
            source, compiled = f"{folder}/{pathlib.Path(name).name}", f"{folder}/mistake.o"
            pathlib.Path(source).write_text(text)
            command = self.compile[str(COPY / name)]
            command = re.sub(r" -MD .*? -o \S+ -c \S+$", "", command)
            if run(shlex.split(command) + ["-o", compiled, "-c", source], 900, cwd=self.build)[0] != 0:
                return "does not compile", None
            for test in self.in_order(name):
                program = pathlib.Path(folder) / test.program
                if not program.exists():
                    link = self.link[test.program].replace(f" -o tests/{test.program} ", f" -o {program} {compiled} ")
                    must(shlex.split(link), cwd=self.build)
                if test.fails(str(program), 10 + 10 * test.seconds):
                    test.kills += 1
                    return "killed", test.name
        return "survived", None


def drawn(layer, seed):
    """All mistakes of a layer, as (file, line number, kind, changed line), in the order of the seed."""
    kinds = {}
    for path in sorted((COPY / layer).rglob("*.cpp")):
        for number, kind, new in mistakes_of(path):
            kinds.setdefault(kind, []).append((str(path.relative_to(COPY)), number, kind, new))
    draw = random.Random(seed)
    for kind in sorted(kinds):
        draw.shuffle(kinds[kind])
    turns = itertools.zip_longest(*(kinds[kind] for kind in sorted(kinds)))
    return [mistake for turn in turns for mistake in turn if mistake]


def found_again(entry):
    """The survivor in today's source, or none if its line is gone."""
    lines = (COPY / entry["file"]).read_text().split("\n") if (COPY / entry["file"]).exists() else []
    at = [i for i, line in enumerate(lines) if line.strip() == entry["old"]]
    if not at:
        return None
    number = min(at, key=lambda i: abs(i + 1 - entry["line"]))
    indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
    return entry["file"], number, entry["kind"], indent + entry["new"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layer", choices=["autodiff", "ops", "hollow"])
    parser.add_argument("--count", type=int, default=300, help="mistakes that compile, in all (default 300)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end after this time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="mistakes at a time (default: one a core)")
    parser.add_argument("--again", action="store_true", help="plant the survivors of the earlier calls once more")
    parser.add_argument("--sanitize", action="store_true", help="build the copy with sanitizers; only with --again")
    options = parser.parse_args()
    if options.sanitize and not options.again:
        parser.error("--sanitize needs --again: plant all mistakes without sanitizers first")

    revision = copy_last_commit()
    layer = Layer(options.layer, options.sanitize)
    end = time.monotonic() + 60 * options.minutes
    results = ROOT / f"build/mutate/{options.layer}-{options.seed}.jsonl"
    key = lambda d: (d["file"], d["old"], d["new"], d["line"])
    done = {}  # the last result of each
    for line in results.read_text().splitlines() if results.exists() else []:
        done[key(json.loads(line))] = json.loads(line)
    if options.again:
        planned = [(e, found_again(e)) for e in done.values() if e["result"] == "survived"]
        options.count = float("inf")
    else:
        known = {k[:3] for k in done}
        planned = []
        for file, number, kind, new in drawn(options.layer, options.seed):
            old = (COPY / file).read_text().split("\n")[number]
            entry = dict(file=file, line=number + 1, kind=kind, old=old.strip(), new=new.strip())
            if key(entry)[:3] not in known:
                planned.append((entry, (file, number, kind, new)))
    counted = sum(d["result"] in ("killed", "survived") for d in done.values())
    lock = threading.Lock()
    jobs = iter(planned)

    def work():
        nonlocal counted
        while True:
            with lock:
                job = next(jobs, None)
                if job is None or counted >= options.count or time.monotonic() > end:
                    return
            entry, place = job
            if place is None:
                result, by = "gone", None
            else:
                file, number, _, new = place
                lines = (COPY / file).read_text().split("\n")
                lines[number] = new
                result, by = layer.result_of(file, "\n".join(lines))
            entry = dict(entry, result=result, by=by, revision=revision[:10])
            with lock:
                with results.open("a") as log:
                    log.write(json.dumps(entry) + "\n")
                done[key(entry)] = entry
                counted += result in ("killed", "survived") and not options.again
                if result == "survived":
                    print(f"survived  {entry['file']}:{entry['line']}\n  - {entry['old']}\n  + {entry['new']}", flush=True)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for worker in [pool.submit(work) for _ in range(options.jobs)]:
            worker.result()
    killed = sum(d["result"] == "killed" for d in done.values())
    survived = sum(d["result"] == "survived" for d in done.values())
    print(f"{options.layer}: {killed} of {killed + survived} mistakes killed")
    sys.exit(killed < 0.9 * (killed + survived))


if __name__ == "__main__":
    main()
