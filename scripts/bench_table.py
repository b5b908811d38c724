#!/usr/bin/env python3
"""Prints Markdown tables from the JSON files of the benchmarks: bench_table.py with|without FILE...

Rows with the counter "ours" go to one table of ratios, those with "f" (evaluations of ODE solvers) to one table a figure,
solvers by problems; others (those of the sweep, which are drawn instead) are left out. Needs Python 3 alone.
"""
import json
import sys

COLUMNS = ["work", "ours", "libtorch", "limit", "ours/libtorch", "ours/limit", "ours/forward", "target", "met?"]


def number(x):
    return f"{x:.3g}" if x < 1000 or x >= 1e6 else f"{x:.0f}"


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


def count(x):
    return f"{x:.0f}"


def evaluations(b):
    """Evaluations of f and the error in units of the tolerance, or a dash if the run did not finish."""
    return f"{count(b['f'])} ({number(b['error'])})" if "error" in b else "—"


def derivatives(b):
    """Further work on f: diagonals, Jacobians, products, or evaluations for difference quotients."""
    if "f for J" in b:
        parts = [(b.get("D"), "D"), (b.get("f for J"), "f")]
    else:
        parts = [(b.get("D"), "D"), (b.get("J"), "J"), (b.get("products"), "Jv")]
    return " ".join(f"{count(n)} {name}" for n, name in parts if n) if "error" in b else "—"


def seconds(b):
    return f"{number(b['real_time'] / 1e3)} ms" if "error" in b else "—"


def solver_tables(benchmarks):
    """One table per figure, with one row per solver and one column per problem."""
    problems, solvers, cells = [], [], {}
    for b in benchmarks:
        problem, solver = b["name"].split("/iterations:")[0].split("/")[1:3]
        problems += [problem] * (problem not in problems)
        solvers += [solver] * (solver not in solvers)
        cells[solver, problem] = b
    for title, figure in (("evaluations of f (error / tolerance)", evaluations), ("D f, ∂f/∂y, products", derivatives),
                          ("processor time", seconds)):
        print(f"\n| {title} | " + " | ".join(problems) + " |")
        print("|" + " --- |" * (len(problems) + 1))
        for solver in solvers:
            print(f"| {solver} | " + " | ".join(figure(cells[solver, p]) for p in problems) + " |")


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("with", "without"):
        sys.exit(__doc__)
    rows, remarks, solvers = [], [], []
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            results = json.load(file)
        # The benchmark itself is a load of one or two. On a busier machine threads wait for processors, so that only
        # the processor time of one thread is still meaningful.
        context = results["context"]
        busy = (context.get("load_avg") or [0])[0] > context["num_cpus"] + 1
        for b in results["benchmarks"]:
            name = b["name"].split("/iterations:")[0]
            if b.get("error_occurred"):
                remarks.append((name, "failed: " + b["error_message"]))
            elif "f" in b:
                if b.get("run_type") != "aggregate":
                    solvers.append(b)
            elif "ours" in b:
                cells, remark = row(b)
                if busy and ("2 threads" in name or "two threads" in name):
                    cells[-1] = "" if cells[-1] == "" else "not judged"
                    remark = ", ".join(filter(None, ["the machine was busy, so these figures are not meaningful", remark]))
                rows.append(cells)
                if remark:
                    remarks.append((name, remark))
    if rows:
        print("| " + " | ".join(COLUMNS) + " |")
        print("|" + " --- |" * len(COLUMNS))
        for cells in rows:
            print("| " + " | ".join(cells) + " |")
    if solvers:
        solver_tables(solvers)
    print()
    for name, remark in remarks:
        print(f"- {name}: {remark}")
    if sys.argv[1] == "without":
        print("- The column of libtorch is empty because libtorch was not found. On Debian: apt-get install libtorch-dev")


if __name__ == "__main__":
    main()
