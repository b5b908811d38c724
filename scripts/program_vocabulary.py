"""The ops of tests/ops/differential in JAX and PyTorch: OPS[name] is a pair of functions of operands and numbers."""

import jax
import jax.numpy as jnp
import jax.scipy.special as jss
import torch
import torch.nn.functional as F
from jax import lax

jax.config.update("jax_enable_x64", True)

OPS = {}


def op(name, in_jax, in_torch):
    OPS[name] = (in_jax, in_torch)


def unary(name, in_jax, in_torch):
    op(name, lambda a, p: in_jax(a[0]), lambda a, p: in_torch(a[0]))


def binary(name, in_jax, in_torch):
    op(name, lambda a, p: in_jax(a[0], a[1]), lambda a, p: in_torch(a[0], a[1]))


UNARY = {
    "exp": (jnp.exp, torch.exp),
    "expm1": (jnp.expm1, torch.expm1),
    "log": (jnp.log, torch.log),
    "log1p": (jnp.log1p, torch.log1p),
    "sin": (jnp.sin, torch.sin),
    "cos": (jnp.cos, torch.cos),
    "tanh": (jnp.tanh, torch.tanh),
    "sigmoid": (jax.nn.sigmoid, torch.sigmoid),
    "softplus": (jax.nn.softplus, lambda x: F.softplus(x, threshold=1e9)),
    "log_sigmoid": (jax.nn.log_sigmoid, F.logsigmoid),
    "silu": (jax.nn.silu, F.silu),
    "relu": (jax.nn.relu, torch.relu),
    "elu": (jax.nn.elu, F.elu),
    "gelu": (lambda x: jax.nn.gelu(x, approximate=False), F.gelu),
    "sqrt": (jnp.sqrt, torch.sqrt),
    "rsqrt": (lax.rsqrt, torch.rsqrt),
    "square": (jnp.square, torch.square),
    "abs": (jnp.abs, torch.abs),
    "erf": (jss.erf, torch.erf),
    "erfc": (jss.erfc, torch.erfc),
    "neg": (jnp.negative, torch.neg),
    "alias": (lambda x: x, lambda x: x * 1),
    "stop_gradient": (lax.stop_gradient, lambda x: x.detach()),
}
for name, pair in UNARY.items():
    unary(name, *pair)


def number(f):
    """Of a tensor and one number."""
    return lambda a, p: f(a[0], p[0])


NUMBER = {
    "scale": lambda x, s: x * s,
    "divide": lambda x, s: x / s,
    "add_number": lambda x, s: x + s,
    "sub_number": lambda x, s: x - s,
    "number_sub": lambda x, s: s - x,
    "number_div": lambda x, s: s / x,
}
for name, f in NUMBER.items():
    op(name, number(f), number(f))
op("pow_number", number(lambda x, s: jnp.power(x, float(s))), number(torch.pow))
op("clip", lambda a, p: jnp.clip(a[0], p[0], p[1]), lambda a, p: torch.clamp(a[0], p[0], p[1]))

BINARY = {
    "add": (jnp.add, torch.add),
    "sub": (jnp.subtract, torch.sub),
    "mul": (jnp.multiply, torch.mul),
    "div": (jnp.divide, torch.div),
    "pow": (jnp.power, torch.pow),
    "maximum": (jnp.maximum, torch.maximum),
    "minimum": (jnp.minimum, torch.minimum),
}
for name, pair in BINARY.items():
    binary(name, *pair)

COMPARISONS = {
    "greater": (jnp.greater, torch.gt),
    "greater_equal": (jnp.greater_equal, torch.ge),
    "less": (jnp.less, torch.lt),
    "less_equal": (jnp.less_equal, torch.le),
    "equal": (jnp.equal, torch.eq),
    "not_equal": (jnp.not_equal, torch.ne),
}


def compare(name, in_jax, in_torch):
    op(
        name,
        lambda a, p: in_jax(a[0], a[1]).astype(a[0].dtype),
        lambda a, p: in_torch(a[0], a[1]).to(a[0].dtype),
    )


for name, pair in COMPARISONS.items():
    compare(name, *pair)
op("where", lambda a, p: jnp.where(a[0] != 0, a[1], a[2]), lambda a, p: torch.where(a[0] != 0, a[1], a[2]))


def reduction(name, in_jax, in_torch):
    """No numbers: over all axes. Otherwise keepdims and the axes."""

    def axes(a, p):
        return tuple(i % a.ndim for i in p[1:]) if p else tuple(range(a.ndim))

    op(
        name,
        lambda a, p: in_jax(a[0], axis=axes(a[0], p), keepdims=bool(p and p[0])),
        lambda a, p: in_torch(a[0], axes(a[0], p), bool(p and p[0])),
    )


def torch_prod(x, axes, keep):
    for axis in sorted(axes, reverse=True):
        x = torch.prod(x, dim=axis, keepdim=keep)
    return x


def over_axes(f):
    """PyTorch reads an empty list of axes as all of them, which for a number is the same."""
    return lambda x, axes, keep: f(x, dim=axes, keepdim=keep) if axes else f(x.reshape(1), dim=(0,))


reduction("sum", jnp.sum, over_axes(torch.sum))
reduction("mean", jnp.mean, over_axes(torch.mean))
reduction("prod", jnp.prod, torch_prod)
reduction("max", jnp.max, over_axes(torch.amax))
reduction("min", jnp.min, over_axes(torch.amin))
reduction("logsumexp", jax.nn.logsumexp, over_axes(torch.logsumexp))
reduction(
    "norm",
    lambda x, axis, keepdims: jnp.sqrt(jnp.sum(x * x, axis=axis, keepdims=keepdims)),
    over_axes(torch.linalg.vector_norm),
)
op("softmax", lambda a, p: jax.nn.softmax(a[0], axis=p[0]), lambda a, p: torch.softmax(a[0], p[0]))
op("log_softmax", lambda a, p: jax.nn.log_softmax(a[0], axis=p[0]), lambda a, p: torch.log_softmax(a[0], p[0]))


def scan(name, in_jax, in_torch):
    """Axis, and whether from the end."""

    def jax_scan(a, p):
        return jnp.flip(in_jax(jnp.flip(a[0], p[0]), axis=p[0]), p[0]) if p[1] else in_jax(a[0], axis=p[0])

    def torch_scan(a, p):
        return in_torch(a[0].flip(p[0]), p[0]).flip(p[0]) if p[1] else in_torch(a[0], p[0])

    op(name, jax_scan, torch_scan)


scan("cumsum", jnp.cumsum, torch.cumsum)
scan("cumprod", jnp.cumprod, torch.cumprod)
op(
    "sum_of_others",
    lambda a, p: jnp.sum(a[0], p[0], keepdims=True) - a[0],
    lambda a, p: a[0].sum(p[0], keepdim=True) - a[0],
)

op(
    "transpose",
    lambda a, p: jnp.transpose(a[0], p) if p else jnp.swapaxes(a[0], -1, -2),
    lambda a, p: a[0].permute(p) if p else a[0].transpose(-1, -2),
)
op("concat", lambda a, p: jnp.concatenate(a, p[0]), lambda a, p: torch.cat(a, p[0]))
op("stack", lambda a, p: jnp.stack(a, p[0]), lambda a, p: torch.stack(a, p[0]))


def along(axis, ndim, item):
    return (slice(None),) * (axis % ndim) + (item,)


def both(name, f):
    op(name, f, f)


both("slice", lambda a, p: a[0][along(p[0], a[0].ndim, slice(p[1], p[2], p[3]))])
both("select", lambda a, p: a[0][along(p[0], a[0].ndim, p[1])])
both("row", lambda a, p: a[0][p[0]])
both("reshape", lambda a, p: a[0].reshape(p))


def jax_pad(a, p):
    config = [(0, 0, 0)] * a[0].ndim
    config[p[0]] = (p[1], p[2], p[4])
    return lax.pad(a[0], jnp.asarray(p[3], a[0].dtype), config)


def torch_pad(a, p):
    x = a[0].movedim(p[0], 0)
    parts = []
    for i in range(len(x)):
        parts.append(x[i : i + 1])
        if i + 1 < len(x) and p[4]:
            parts.append(torch.full((p[4], *x.shape[1:]), p[3], dtype=x.dtype))
    ends = [torch.full((n, *x.shape[1:]), p[3], dtype=x.dtype) for n in (p[1], p[2])]
    return torch.cat([ends[0], *parts, ends[1]]).movedim(0, p[0])


op("pad", jax_pad, torch_pad)
op("flip", lambda a, p: jnp.flip(a[0], p[0]), lambda a, p: a[0].flip(p[0]))
op("triu", lambda a, p: jnp.triu(a[0], p[0]), lambda a, p: torch.triu(a[0], p[0]))
op("tril", lambda a, p: jnp.tril(a[0], p[0]), lambda a, p: torch.tril(a[0], p[0]))
op(
    "diagonal",
    lambda a, p: jnp.diagonal(a[0], axis1=-2, axis2=-1),
    lambda a, p: torch.diagonal(a[0], dim1=-2, dim2=-1) * 1,
)
unary("diag_embed", lambda x: x[..., None] * jnp.eye(x.shape[-1], dtype=x.dtype), torch.diag_embed)
op("unsqueeze", lambda a, p: jnp.expand_dims(a[0], p[0]), lambda a, p: a[0].unsqueeze(p[0]))
op("squeeze", lambda a, p: jnp.squeeze(a[0], p[0]), lambda a, p: a[0].squeeze(p[0]))
op("broadcast_to", lambda a, p: jnp.broadcast_to(a[0], p), lambda a, p: a[0].broadcast_to(p))


def jax_sum_to(a, p):
    x = a[0].sum(axis=tuple(range(a[0].ndim - len(p))))
    return x.sum(axis=tuple(i for i, n in enumerate(p) if n == 1), keepdims=True)


op("sum_to", jax_sum_to, lambda a, p: a[0].sum_to_size(p))
op(
    "place_row",
    lambda a, p: jnp.zeros((p[1], *a[0].shape), a[0].dtype).at[p[0]].set(a[0]),
    lambda a, p: torch.stack([a[0] if i == p[0] else torch.zeros_like(a[0]) for i in range(p[1])]),
)

# Axis and indices; index_add: axis, length, indices; gather: axis, rank, shape, indices; scatter_add: axis, length, …
op(
    "index_select",
    lambda a, p: jnp.take(a[0], jnp.array(p[1:]), axis=p[0]),
    lambda a, p: torch.index_select(a[0], p[0], torch.tensor(p[1:])),
)


def resized(x, axis, n):
    shape = list(x.shape)
    shape[axis] = n
    return shape


op(
    "index_add",
    lambda a, p: jnp.zeros(resized(a[0], p[0], p[1]), a[0].dtype)
    .at[along(p[0], a[0].ndim, jnp.array(p[2:]))]
    .add(a[0]),
    lambda a, p: torch.zeros(resized(a[0], p[0], p[1]), dtype=a[0].dtype).index_add(p[0], torch.tensor(p[2:]), a[0]),
)


def index_of(p):
    return p[1 + p[0] :], p[1 : 1 + p[0]]


def jax_scatter_add(a, p):
    values, shape = index_of(p[2:])
    index = list(jnp.indices(shape))
    index[p[0]] = jnp.array(values).reshape(shape)
    return jnp.zeros(resized(a[0], p[0], p[1]), a[0].dtype).at[tuple(index)].add(a[0])


def jax_gather(a, p):
    values, shape = index_of(p[1:])
    return jnp.take_along_axis(a[0], jnp.array(values).reshape(shape), axis=p[0])


def torch_index(p):
    values, shape = index_of(p)
    return torch.tensor(values).reshape(shape)


op("gather", jax_gather, lambda a, p: torch.gather(a[0], p[0], torch_index(p[1:])))
op(
    "scatter_add",
    jax_scatter_add,
    lambda a, p: torch.zeros(resized(a[0], p[0], p[1]), dtype=a[0].dtype).scatter_add(p[0], torch_index(p[2:]), a[0]),
)


def swap(x, yes):
    return x.swapaxes(-1, -2) if yes else x


both("matmul", lambda a, p: swap(a[0], p[0]) @ swap(a[1], p[1]))
both("linear", lambda a, p: a[0] @ swap(a[1], True) + (a[2] if len(a) > 2 else 0))
both("linear_of_two", lambda a, p: a[0] @ swap(a[1], True) + a[2] @ swap(a[3], True) + a[4])


def mask(w, blocks):
    rows = [[0.0] * w.shape[1] for _ in range(w.shape[0])]
    for r0, r1, c0, c1 in zip(*[iter(blocks)] * 4):
        for r in range(r0, r1):
            rows[r][c0:c1] = [1.0] * (c1 - c0)
    return rows


op(
    "block_linear",
    lambda a, p: a[0] @ (a[1] * jnp.array(mask(a[1], p), a[1].dtype)).T + a[2],
    lambda a, p: a[0] @ (a[1] * torch.tensor(mask(a[1], p), dtype=a[1].dtype)).T + a[2],
)
both("linear_combination", lambda a, p: sum(c * x for c, x in zip(p, a)))


# Stride, padding and what else there is, two numbers each.
def jax_conv(x, w, p):
    return lax.conv_general_dilated(x, w, p[:2], [(p[2], p[2]), (p[3], p[3])])


def jax_conv_input(g, w, p, size):
    return jax.vjp(lambda x: jax_conv(x, w, p), jnp.zeros((g.shape[0], w.shape[1], *size), g.dtype))[1](g)[0]


def jax_conv_transpose(a, p):
    x, w = a
    size = [(x.shape[2 + i] - 1) * p[i] - 2 * p[2 + i] + w.shape[2 + i] + p[4 + i] for i in (0, 1)]
    return jax_conv_input(x, w, p, size)


def torch_conv_input(a, p):
    g, w = a
    rest = [p[4 + i] - ((g.shape[2 + i] - 1) * p[i] - 2 * p[2 + i] + w.shape[2 + i]) for i in (0, 1)]
    return F.conv_transpose2d(g, w, stride=p[:2], padding=p[2:4], output_padding=rest)


def torch_conv_weight(a, p):
    x, g = a
    patches = F.unfold(x, p[4:6], padding=p[2:4], stride=p[:2])
    w = torch.einsum("nol,nkl->ok", g.flatten(2), patches)
    return w.reshape(g.shape[1], x.shape[1], *p[4:6])


op("conv2d", lambda a, p: jax_conv(*a, p), lambda a, p: F.conv2d(*a, stride=p[:2], padding=p[2:4]))
op("conv2d_input", lambda a, p: jax_conv_input(*a, p, p[4:6]), torch_conv_input)
op(
    "conv2d_weight",
    lambda a, p: jax.vjp(
        lambda w: jax_conv(a[0], w, p), jnp.zeros((a[1].shape[1], a[0].shape[1], *p[4:6]), a[0].dtype)
    )[1](a[1])[0],
    torch_conv_weight,
)
op(
    "conv_transpose2d",
    jax_conv_transpose,
    lambda a, p: F.conv_transpose2d(*a, stride=p[:2], padding=p[2:4], output_padding=p[4:6]),
)

binary("solve", jnp.linalg.solve, torch.linalg.solve)
unary("inv", jnp.linalg.inv, torch.linalg.inv)
# Whether upper, and whether transposed.
op(
    "triangular_solve",
    lambda a, p: jax.scipy.linalg.solve_triangular(a[0], a[1], trans=p[1], lower=not p[0]),
    lambda a, p: torch.linalg.solve_triangular(swap(a[0], p[1]), a[1], upper=bool(p[0]) != bool(p[1])),
)
unary("cholesky", jnp.linalg.cholesky, torch.linalg.cholesky)
binary(
    "cholesky_solve",
    lambda l, b: jax.scipy.linalg.cho_solve((l, True), b),
    lambda l, b: torch.cholesky_solve(b, l),
)
unary("det", jnp.linalg.det, torch.linalg.det)
unary("slogdet_sign", lambda a: jnp.linalg.slogdet(a)[0], lambda a: torch.linalg.slogdet(a)[0])
unary("slogdet_log", lambda a: jnp.linalg.slogdet(a)[1], lambda a: torch.linalg.slogdet(a)[1])
unary("logdet", lambda a: jnp.linalg.slogdet(a)[1], lambda a: torch.linalg.slogdet(a)[1])
# Signs of columns are arbitrary: elements are squared.
unary("qr_q_squared", lambda a: jnp.linalg.qr(a)[0] ** 2, lambda a: torch.linalg.qr(a)[0] ** 2)
unary("qr_r_squared", lambda a: jnp.linalg.qr(a)[1] ** 2, lambda a: torch.linalg.qr(a)[1] ** 2)


def jax_svd(a, i):
    return jnp.linalg.svd(a, full_matrices=False)[i]


def torch_svd(a, i):
    return torch.linalg.svd(a, full_matrices=False)[i]


unary("svd_u_squared", lambda a: jax_svd(a, 0) ** 2, lambda a: torch_svd(a, 0) ** 2)
unary("svd_values", lambda a: jax_svd(a, 1), torch.linalg.svdvals)
unary("svd_vt_squared", lambda a: jax_svd(a, 2) ** 2, lambda a: torch_svd(a, 2) ** 2)
unary("eigh_values", lambda a: jnp.linalg.eigh(a)[0], lambda a: torch.linalg.eigh(a)[0])
unary("eigh_vectors_squared", lambda a: jnp.linalg.eigh(a)[1] ** 2, lambda a: torch.linalg.eigh(a)[1] ** 2)
unary("pinv", jnp.linalg.pinv, torch.linalg.pinv)
binary("lstsq", lambda a, b: jnp.linalg.pinv(a) @ b, lambda a, b: torch.linalg.pinv(a) @ b)


def run(which, leaves, code):
    """The result of a program; which: 0 for JAX, 1 for PyTorch."""
    values = list(leaves)
    for name, operands, numbers in code:
        values.append(OPS[name][which]([values[i] for i in operands], numbers))
    return values[-1]
