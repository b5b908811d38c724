#!/usr/bin/env python3
"""Prints one Markdown table from the JSON files of the benchmarks: bench_table.py with|without FILE...

Rows without the counter "ours" (those of the sweep, which are drawn instead) are left out. Needs Python 3 alone.
"""
import json
import sys

COLUMNS = ["work", "ours", "libtorch", "limit", "ours/libtorch", "ours/limit", "ours/forward", "target", "met?"]


def number(x):
    return f"{x:.3g}" if x < 1000 else f"{x:.0f}"


def value(x, unit):
    if x is None:
        return ""
    if unit != "s":
        return f"{number(x)} {unit}"
    for scale, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if x >= scale:
            return f"{number(x / scale)} {name}"
    return f"{number(x * 1e9)} ns"


def target(text, unit):
    """ours<=5e-07 as ≤ 500 ns, ours/limit>=2 as ≥ 2 × limit."""
    words = []
    for part in text.split():
        sign = "<=" if "<=" in part else ">="
        figure, bound = part.split(sign)
        shown = value(float(bound), unit) if figure == "ours" else f"{number(float(bound))} × {figure.split('/')[1]}"
        words.append(("≤ " if sign == "<=" else "≥ ") + shown)
    return ", ".join(words)


def row(b):
    unit, targets, remark = (part.strip() for part in b["label"].split(";", 2))
    ratio = lambda name: number(b[name]) if name in b else ""
    over_limit = ratio("ours/limit")
    if "ours/unfused" in b:
        over_limit += f" (unfused {ratio('ours/unfused')})"
    met = {1: "yes", 0: "**no**"}.get(b.get("met"), "")
    name = b["name"].split("/iterations:")[0]
    return [name, value(b["ours"], unit), value(b.get("libtorch"), unit), value(b.get("limit"), unit),
            ratio("ours/libtorch"), over_limit, ratio("ours/forward"), target(targets, unit), met], remark


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("with", "without"):
        sys.exit(__doc__)
    rows, remarks = [], []
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            results = json.load(file)
        # The benchmark itself is a load of one or two. On a busier machine threads wait for each other's processors, and
        # only what is timed by the processor time of one thread still means something.
        context = results["context"]
        busy = (context.get("load_avg") or [0])[0] > context["num_cpus"] + 1
        for b in results["benchmarks"]:
            name = b["name"].split("/iterations:")[0]
            if b.get("error_occurred"):
                remarks.append((name, "failed: " + b["error_message"]))
            elif "ours" in b:
                cells, remark = row(b)
                if busy and ("2 threads" in name or "two threads" in name):
                    cells[-1] = "" if cells[-1] == "" else "not judged"
                    remark = ", ".join(filter(None, ["the machine was busy, so these figures mean nothing", remark]))
                rows.append(cells)
                if remark:
                    remarks.append((name, remark))
    print("| " + " | ".join(COLUMNS) + " |")
    print("|" + " --- |" * len(COLUMNS))
    for cells in rows:
        print("| " + " | ".join(cells) + " |")
    print()
    for name, remark in remarks:
        print(f"- {name}: {remark}")
    if sys.argv[1] == "without":
        print("- The column of libtorch is empty, since it was not found. On Debian: apt-get install libtorch-dev")


if __name__ == "__main__":
    main()
