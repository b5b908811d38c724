"""Random programs over the ops of program_vocabulary.py, with values inside the domains and off the kinks."""

import math

import torch
from program import Program, Unfit, apart, need, off_zero, within
from program_vocabulary import COMPARISONS, OPS

DOMAINS = {
    "exp": within(-6, 3),
    "expm1": within(-6, 3),
    "log": within(0.1, 60),
    "log1p": within(-0.9, 60),
    "tanh": within(-3, 3),
    "sqrt": within(0.1, 60),
    "rsqrt": within(0.1, 60),
    "relu": off_zero,
    "elu": off_zero,
    "abs": off_zero,
    "erf": within(-2.5, 2.5),
    "erfc": within(-2.5, 2.5),
}
SMOOTH = "sin cos tanh sigmoid softplus log_sigmoid silu gelu square erf neg alias".split()
UNARY = SMOOTH + "exp expm1 log log1p relu elu sqrt rsqrt abs erfc stop_gradient".split()


def in_domain(p, domain):
    """A value in a domain; if there is none, a positive function of one."""
    if not any(domain(x) for x in p.values):
        p.do(p.rng.choice(["softplus", "exp", "sigmoid", "square"]), [p.pick()])
    return p.pick(domain)


def draw_unary(p, name):
    p.do(name, [in_domain(p, DOMAINS.get(name, within(-8, 8)))])


def draw_number(p, name):
    x, s = p.pick(), p.rng.choice([-3, -1.5, -0.5, 0.25, 0.75, 1.5, 2, 4])
    if name == "number_div":
        x = p.pick(lambda v: bool((v.abs() > 0.2).all()))
    if name == "pow_number":
        s = p.rng.choice([-2, -1, -0.5, 0.5, 1, 1.5, 2, 3])
        positive = lambda v: bool((v > 0.2).all() and (v < 6).all())
        x = p.pick() if s > 0 and s % 1 == 0 else in_domain(p, positive)
    p.do(name, [x], [s])


def draw_clip(p, name):
    low, high = sorted(p.rng.sample([-1.5, -0.75, -0.25, 0.3, 0.8, 1.4], 2))
    p.do(name, [p.pick(lambda v: off_zero(v - low) and off_zero(v - high))], [low, high])


def pair(p, fits=lambda a, b: True):
    pairs = [(i, j) for i, a in enumerate(p.values) for j, b in enumerate(p.values) if broadcasts(a, b) and fits(a, b)]
    need(pairs)
    latest = [each for each in pairs if len(p.values) - 1 in each]
    return list(p.rng.choice(latest if latest and p.rng.random() < 0.7 else pairs))


def broadcasts(a, b):
    return all(m == n or 1 in (m, n) for m, n in zip(a.shape[::-1], b.shape[::-1]))


def draw_binary(p, name):
    fits = lambda a, b: True
    if name == "div":
        fits = lambda a, b: bool((b.abs() > 0.2).all())
    if name == "pow":
        if not any(bool((x > 0.2).all()) for x in p.values):
            p.do("softplus", [p.pick()])
        fits = lambda a, b: bool((a > 0.2).all() and (a < 4).all() and (b.abs() < 3).all())
    if name in ("maximum", "minimum"):
        fits = lambda a, b: off_zero(a - b)
    p.do(name, pair(p, fits))


def draw_comparison(p, name):
    p.do(name, pair(p, lambda a, b: off_zero(a - b) or a is b))


def draw_where(p, name):
    draw_comparison(p, p.rng.choice(list(COMPARISONS)))
    condition = len(p.values) - 1
    p.do(name, [condition, *pair(p, lambda a, b: broadcasts(a, p.values[condition]))])


def an_axis(p, x):
    need(x.ndim)
    return p.rng.randrange(-x.ndim, x.ndim)


def draw_reduction(p, name):
    fits = {"max": apart, "min": apart, "norm": off_zero, "prod": within(-2.5, 2.5)}.get(name, lambda x: True)
    i = p.pick(lambda x: fits(x) and x.ndim)
    n = p.values[i].ndim
    axes = [a if p.rng.random() < 0.5 else a - n for a in p.rng.sample(range(n), p.rng.randint(1, n))]
    whole = name not in ("logsumexp", "norm") and p.rng.random() < 0.2
    p.do(name, [i], [] if whole else [p.rng.randint(0, 1), *axes])


def draw_axis(p, name):
    i = p.pick(lambda x: x.ndim)
    p.do(name, [i], [an_axis(p, p.values[i])] + ([p.rng.randint(0, 1)] if name.startswith("cum") else []))


def draw_transpose(p, name):
    i = p.pick(lambda x: x.ndim > 1)
    n = p.values[i].ndim
    p.do(name, [i], [] if p.rng.random() < 0.4 else p.rng.sample(range(n), n))


def draw_parts(p, name):
    first = p.pick(lambda x: x.ndim or name == "stack")
    n = p.values[first].ndim + (name == "stack")
    axis = p.rng.randrange(-n, n)

    def rest(x):
        shape = list(x.shape)
        if name == "concat" and shape:
            shape[axis] = 0
        return shape

    wanted = rest(p.values[first])
    fits = lambda x: x.ndim == p.values[first].ndim and rest(x) == wanted
    p.do(name, [first] + [p.pick(fits) for _ in range(p.rng.randint(1, 2))], [axis])


def draw_slice(p, name):
    i = p.pick(lambda x: x.ndim)
    axis = an_axis(p, p.values[i])
    n = p.values[i].shape[axis]
    start = p.rng.randrange(n)
    stop = p.rng.randint(start + 1, n)
    p.do(name, [i], [axis, start - n if p.rng.random() < 0.3 else start, stop, p.rng.randint(1, 3)])


def draw_select(p, name):
    i = p.pick(lambda x: x.ndim)
    axis = 0 if name == "row" else an_axis(p, p.values[i])
    k = p.rng.randrange(p.values[i].shape[axis])
    p.do(name, [i], [k] if name == "row" else [axis, k])


def draw_pad(p, name):
    i = p.pick(lambda x: x.ndim)
    before, after, between = (p.rng.randint(0, 2) for _ in range(3))
    p.do(name, [i], [an_axis(p, p.values[i]), before, after, p.rng.choice([0, 0.5, -1]), between])


def draw_matrix(p, name):
    i = p.pick(lambda x: x.ndim > 1 or name == "diag_embed" and x.ndim)
    p.do(name, [i], [p.rng.randint(-2, 2)] if name in ("triu", "tril") else [])


def draw_shape(p, name):
    i = p.pick(lambda x: x.ndim < 4 and (name != "squeeze" or 1 in x.shape))
    x, n = p.values[i], p.values[i].ndim
    shape = list(x.shape)
    if name == "unsqueeze":
        numbers = [p.rng.randrange(-n - 1, n + 1)]
    elif name == "squeeze":
        numbers = [p.rng.choice([a for a in range(-n, n) if shape[a] == 1])]
    elif name == "reshape":
        numbers = p.rng.choice([[-1], [1, -1], [x.numel()], [x.numel(), 1], [2, -1], [-1, 3], shape[::-1]])
    elif name == "broadcast_to":
        numbers = [2] * p.rng.randint(0, 1) + [p.rng.randint(2, 3) if m == 1 else m for m in shape]
    else:
        numbers = [m if p.rng.random() < 0.5 else 1 for m in shape][p.rng.randint(0, 1) :]
    p.do(name, [i], numbers)


def draw_place_row(p, name):
    n = p.rng.randint(1, 3)
    p.do(name, [p.pick()], [p.rng.randrange(n), n])


def draw_index(p, name):
    i = p.pick(lambda x: x.ndim)
    x = p.values[i]
    axis = an_axis(p, x) % x.ndim
    m = x.shape[axis]
    if name == "index_select":
        numbers = [axis] + [p.rng.randrange(m) for _ in range(p.rng.randint(1, 4))]
    elif name == "index_add":
        n = p.rng.randint(1, 4)
        numbers = [axis, n] + [p.rng.randrange(n) for _ in range(m)]
    else:
        n = p.rng.randint(1, 4)  # the new length
        shape = list(x.shape)
        if name == "gather":
            shape[axis] = n
        most = m if name == "gather" else n
        index = [p.rng.randrange(most) for _ in range(math.prod(shape))]
        numbers = [axis, *([] if name == "gather" else [n]), len(shape), *shape, *index]
    p.do(name, [i], numbers)


def draw_product(p, name):
    if name == "matmul":
        ta, tb = p.rng.randint(0, 1), p.rng.randint(0, 1)
        a, b = (p.do("transpose", [p.pick_like(k)]) if t else p.pick_like(k) for k, t in ((0, ta), (1, tb)))
        p.do(name, [a, b], [ta, tb])
    elif name == "linear_combination":
        i = p.pick()
        operands = [i] + [p.pick(lambda x: x.shape == p.values[i].shape) for _ in range(2)]
        p.do(name, operands, [p.rng.choice([-2, 0.5, 0, 1, 3]) for _ in operands])
    elif name == "block_linear":
        p.do(name, [p.pick_like(k) for k in range(3)], [0, 1, 0, 1, 1, 3, 0, 2])
    elif name == "linear_of_two":
        x, w, b = (p.pick_like(k) for k in range(3))
        p.do(name, [x, w, p.do("square", [x]), p.do("sin", [w]), b])
    else:
        p.do(name, [p.pick_like(k) for k in range(p.rng.randint(2, 3))])


CONV = {
    "conv2d": [(1, 1, 1, 0), (2, 1, 1, 1), (1, 2, 0, 1), (1, 1, 0, 0)],
    "conv2d_input": [(1, 1, 0, 0, 3, 3), (2, 1, 1, 0, 2, 3), (2, 2, 0, 1, 4, 2), (1, 1, 1, 1, 1, 1)],
    "conv2d_weight": [(1, 1, 0, 0, 2, 2), (1, 1, 1, 1, 4, 4), (1, 1, 0, 1, 2, 4)],
    "conv_transpose2d": [(1, 1, 0, 0, 0, 0), (2, 1, 1, 0, 1, 0), (2, 2, 1, 1, 0, 1)],
}


def draw_conv(p, name):
    p.do(name, [p.pick_like(0), p.pick_like(1)], p.rng.choice(CONV[name]))


def well_conditioned(a):
    s = torch.linalg.svdvals(a)
    return bool((s[..., -1] > 0.3).all() and (s[..., :-1] - s[..., 1:] > 0.15).all())


def draw_linalg(p, name):
    a = p.pick_like(0)
    if name in ("triangular_solve", "cholesky_solve"):
        diagonal = p.do("diagonal", [a])
        need((p.values[diagonal].abs() > 0.25).all())
    else:
        need(well_conditioned(p.values[a]))
    if name == "cholesky":
        a = p.do("matmul", [a, a], [0, 1])
    if name.startswith("eigh"):
        a = p.do("add", [a, p.do("transpose", [a])])
        w = torch.linalg.eigvalsh(p.values[a])
        need((w.diff() > 0.15).all())
    if name == "cholesky_solve":
        a = p.do("tril", [a], [0])
    with_b = name in ("solve", "triangular_solve", "cholesky_solve", "lstsq")
    numbers = [p.rng.randint(0, 1), p.rng.randint(0, 1)] if name == "triangular_solve" else []
    p.do(name, [a, p.pick_like(1)] if with_b else [a], numbers)


DRAWS = {
    draw_unary: UNARY,
    draw_number: "scale divide add_number sub_number number_sub number_div pow_number".split(),
    draw_clip: ["clip"],
    draw_binary: "add sub mul div pow maximum minimum".split(),
    draw_comparison: list(COMPARISONS),
    draw_where: ["where"],
    draw_reduction: "sum mean prod max min logsumexp norm".split(),
    draw_axis: "softmax log_softmax cumsum cumprod sum_of_others flip".split(),
    draw_transpose: ["transpose"],
    draw_parts: ["concat", "stack"],
    draw_slice: ["slice"],
    draw_select: ["select", "row"],
    draw_pad: ["pad"],
    draw_matrix: "triu tril diagonal diag_embed".split(),
    draw_shape: "unsqueeze squeeze reshape broadcast_to sum_to".split(),
    draw_place_row: ["place_row"],
    draw_index: "index_select index_add gather scatter_add".split(),
    draw_product: "matmul linear linear_of_two block_linear linear_combination".split(),
    draw_conv: list(CONV),
    draw_linalg: "solve inv triangular_solve cholesky cholesky_solve det slogdet_sign slogdet_log logdet qr_q_squared "
    "qr_r_squared svd_u_squared svd_values svd_vt_squared eigh_values eigh_vectors_squared pinv lstsq".split(),
}
DRAW = {name: draw for draw, names in DRAWS.items() for name in names}
assert DRAW.keys() == OPS.keys(), DRAW.keys() ^ OPS.keys()
GENERAL = [name for name in OPS if DRAW[name] not in (draw_comparison, draw_product, draw_conv, draw_linalg)]


def leaf_shapes(rng, focus):
    draw = DRAW[focus]
    if draw is draw_linalg:
        n, m, batch = rng.randint(1, 3), rng.randint(1, 2), [2] if rng.random() < 0.3 else []
        tall = rng.randint(0, 1) if focus in ("pinv", "lstsq") or focus[:2] in ("qr", "sv") else 0
        return [[*batch, n + tall, n], [*batch, n + tall, m]]
    if draw is draw_conv:
        n, c, o = rng.randint(1, 2), rng.randint(1, 2), rng.randint(1, 2)
        return {
            "conv2d": [[1, c, 3, 2], [o, c, 2, 2]],
            "conv2d_input": [[1, o, 2, 2], [o, c, 2, 2]],
            "conv2d_weight": [[n, c, 3, 3], [n, o, 2, 2]],
            "conv_transpose2d": [[1, o, 2, 1], [o, c, 2, 2]],
        }[focus]
    if focus == "block_linear":
        return [[*[2] * rng.randint(0, 1), 2], [3, 2], [3]]
    if focus == "matmul":
        m, k, n = (rng.randint(1, 3) for _ in range(3))
        return [[*rng.choice([[], [2], [1]]), m, k], [*rng.choice([[], [], [2]]), k, n]]
    if focus.startswith("linear") and focus != "linear_combination":
        k, n = rng.randint(1, 3), rng.randint(1, 3)
        return [[*[rng.randint(1, 3) for _ in range(rng.randint(0, 2))], k], [n, k], [n]]
    full = [rng.choice([1, 2, 2, 3, 3, 4]) for _ in range(rng.randint(0, 3))]
    if DRAW[focus] in (draw_transpose, draw_matrix) or focus == "sum_to":
        full = (full + [2, 3])[: max(2, len(full))]
    need(math.prod(full) <= 18)
    shapes = [full]
    for _ in range(rng.randint(0, 2)):
        shapes.append([m if rng.random() < 0.7 else 1 for m in full][rng.choice([0, 0, 0, 1]) :])
    return shapes


def join(p):
    """Lets the last value depend on most leaves, and mostly not linearly."""
    for leaf in range(len(p.leaves)):
        if leaf in p.used() or p.rng.random() < 0.1:
            continue
        other, last = leaf, len(p.values) - 1
        if p.rng.random() < 0.5:
            other = p.do(p.rng.choice(SMOOTH[:5]), [other])
        if not broadcasts(p.values[other], p.values[last]):
            other = p.do(p.rng.choice(["sum", "mean"]), [other], [])
        p.do(p.rng.choice(["mul", "add", "sub", "mul"]), [last, other])
    if p.rng.random() < 0.5:
        draw_unary(p, p.rng.choice(SMOOTH[:-2]))


def attempt(rng, focus):
    """A program that has the op `focus` in it."""
    special = DRAW[focus] in (draw_product, draw_conv, draw_linalg)
    shapes = leaf_shapes(rng, focus)
    p = Program(rng, shapes, positive=rng.random() < 0.2)
    before = SMOOTH if special else GENERAL
    for _ in range(rng.randint(0, 2) if special else rng.randint(1, 4)):
        name = rng.choice(before)
        DRAW[name](p, name)
    DRAW[focus](p, focus)
    for _ in range(rng.randint(0, 3)):
        name = rng.choice(GENERAL)
        DRAW[name](p, name)
    join(p)
    if p.values[-1].numel() > 12:
        i = len(p.values) - 1
        p.do("sum", [i], [0, an_axis(p, p.values[i])])
    need(p.values[-1].numel() <= 12)
    p.prune()
    need(any(name == focus for name, _, _ in p.code))
    return p


def generate(rng, focus):
    for _ in range(5000):
        try:
            return attempt(rng, focus)
        except Unfit:
            pass
    raise RuntimeError(f"no program with {focus}")
