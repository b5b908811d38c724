#!/usr/bin/env python3
"""Records what JAX and PyTorch compute, for tests/ops/differential.

Needs jax, torch and numpy. Writes tests/data/programs.json.gz, random programs over the ops, and
tests/data/special_points.json.gz, elementwise ops at special points; no other file is touched.

    XLA_FLAGS=--xla_backend_optimization_level=0 python3 scripts/record_programs.py [PROGRAMS OF EACH OP]

About 1.3 s a program, most of it for compiling; without the flag more.
"""

import gzip
import json
import math
import random
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import torch
from program_generator import generate
from program_vocabulary import BINARY, COMPARISONS, OPS, UNARY, run

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "data"
VERSIONS = {"jax": jax.__version__, "torch": torch.__version__.split("+")[0]}


def save(file, content):
    text = json.dumps(content, separators=(",", ":"))
    path = FOLDER / file
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(path.name, path.stat().st_size, "bytes")


def short(x, digits):
    """A list of the elements, rounded: integers where they are."""
    rounded = (float(f"{v:.{digits}g}") for v in np.asarray(x, np.float64).flatten())
    return [int(v) if v == int(v) and abs(v) < 1e15 else v for v in rounded]


def distance(a, b):
    """max |a − b| relative to max |b|."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    assert a.shape == b.shape, (a.shape, b.shape)
    return float(np.max(np.abs(a - b), initial=0) / (np.max(np.abs(b), initial=0) + 1e-3))


def derivatives(f, x, v):
    """f and its first three derivatives along a line."""
    along = lambda t: f([a + t * b for a, b in zip(x, v)])

    def next_derivative(g):
        return lambda t: jax.jvp(g, (t,), (jnp.ones_like(t),))[1]

    result = []
    for _ in range(4):
        result.append(along(jnp.zeros(())))
        along = next_derivative(along)
    return result


def grad_torch(y, x, w):
    if not y.requires_grad:
        return [torch.zeros_like(a) for a in x]
    g = torch.autograd.grad(y, x, w, allow_unused=True)
    return [torch.zeros_like(a) if b is None else b for a, b in zip(x, g)]


def record(program, rng, disagreements):
    code = program.code
    leaves = [a.numpy() for a in program.leaves]
    x = [jnp.asarray(a) for a in leaves]
    v = [np.array([rng.randint(-8, 8) / 8 for _ in range(a.size)]).reshape(a.shape) for a in leaves]
    f = lambda a: run(0, a, code)
    y, *along = jax.jit(lambda x: derivatives(f, x, v))(x)
    if not all(np.isfinite(d).all() and np.max(np.abs(d), initial=0) < 1e5 for d in along):
        return None
    w = np.array([rng.randint(-8, 8) / 8 for _ in range(y.size)]).reshape(y.shape)
    grads = jax.jit(lambda x: jax.vjp(f, x)[1](jnp.asarray(w))[0])(x)
    narrow = jax.jit(f)([a.astype(jnp.float32) for a in x])
    assert narrow.dtype == jnp.float32, code

    tx = [torch.tensor(a, requires_grad=True) for a in leaves]
    ty = run(1, tx, code)
    worst = distance(ty.detach(), y)
    tg = grad_torch(ty, tx, torch.tensor(w))
    worst_grad = max(distance(a, b) for a, b in zip(tg, grads))
    if worst > 1e-11 or worst_grad > 1e-9:
        disagreements.append((worst, worst_grad, code, [a.tolist() for a in leaves]))
        return None
    return {
        "x": [[list(a.shape), short(a * 64, 4)] for a in leaves],  # in units of 1/64
        "code": code,
        "shape": list(y.shape),
        "y": short(y, 13),
        "float32": short(distance(narrow, y), 2)[0],
        "w": short(w * 8, 2),  # in units of 1/8
        "grad": [short(g, 12) for g in grads],
        "v": [short(a * 8, 2) for a in v],
        "along": [short(d, 12) for d in along],
    }


def record_programs(each):
    programs, disagreements = [], []
    for i in range(each):
        for name in OPS:
            rng, entry = random.Random(f"{name} {i}"), None
            while entry is None:
                entry = record(generate(rng, name), rng, disagreements)
            programs.append(entry)
        print(len(programs), "programs,", len(disagreements), "disagreements", flush=True)
        save("programs.json.gz", {"versions": VERSIONS, "programs": programs})
    for d in disagreements:
        print("JAX and PyTorch disagree:", d)
    sys.exit(bool(disagreements))


INF = float("inf")
SIZES = [0, 5e-324, 1e-310, 2.2250738585072014e-308, 0.5, 1, 2, 3, 1e155, 1.7976931348623157e308, INF]
MORE_SIZES = [1e-300, 1e-30, 1e-8, 0.25, 1.5, 4, 6, 9, 20, 30, 100, 700, 709.5, 710, 750, 1024, 1e5, 1e30, 1e154, 1e300]
OF_ONE = (
    [(name, []) for name in UNARY]
    + [(name, [1.5]) for name in ("add_number", "sub_number", "number_sub")]
    + [("scale", [1.75]), ("divide", [3]), ("number_div", [3]), ("clip", [-2, 1])]
    + [("pow_number", [s]) for s in (-2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3)]
)


def plain(x):
    """JSON has no infinities and NaN: they are written as texts."""
    values = np.asarray(x, np.float64).flatten().tolist()
    return [v if math.isfinite(v) else str(v) for v in values]


def same(a, b):
    return a == b or math.isnan(a) and math.isnan(b) or abs(a - b) <= 1e-12 * abs(b) < INF


def record_point_op(name, numbers, x):
    """Values and derivatives of JAX, and those of PyTorch where they differ."""
    jx = [jnp.asarray(a) for a in x]
    y, pull = jax.vjp(lambda a: OPS[name][0](a, numbers), jx)
    in_jax = [y, *pull(jnp.ones_like(y))[0]]
    tx = [torch.tensor(a, requires_grad=True) for a in x]
    ty = OPS[name][1](tx, numbers)
    in_torch = [ty.detach(), *grad_torch(ty, tx, torch.ones_like(ty))]
    others = []
    for k, (a, b) in enumerate(zip(in_jax, in_torch)):
        for i, (u, v) in enumerate(zip(np.asarray(a).tolist(), b.tolist())):
            if not same(u, v):
                others.append([k, i, *plain(v)])
    return {"op": name, "numbers": numbers, "jax": [plain(a) for a in in_jax], "torch": others}


def record_points():
    one = np.array([s * a for a in sorted(SIZES + MORE_SIZES) for s in (1, -1)] + [math.nan])
    some = np.array([s * a for a in SIZES for s in (1, -1)] + [math.nan])
    two = [a.flatten() for a in np.meshgrid(some, some, indexing="ij")]
    content = {
        "versions": VERSIONS,
        "one": {"x": [plain(one)], "ops": [record_point_op(name, numbers, [one]) for name, numbers in OF_ONE]},
        "two": {
            "x": [plain(a) for a in two],
            "ops": [record_point_op(name, [], two) for name in [*BINARY, *COMPARISONS]],
        },
    }
    for part in ("one", "two"):
        for entry in content[part]["ops"]:
            print(entry["op"], entry["numbers"], len(entry["torch"]), "differences of PyTorch from JAX")
    save("special_points.json.gz", content)


if __name__ == "__main__":
    record_points()
    record_programs(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
