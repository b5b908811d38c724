#!/usr/bin/env python3
"""Records what PyTorch computes, for tests/nn/fixtures.cpp and tests/nn/conv.cpp.

Needs torch and numpy. Writes into tests/fixtures: ops.safetensors and conv.safetensors (inputs, values and gradients of
functions in float64) and optimizers.safetensors (20 steps of each optimizer); no other file is touched.

    python3 scripts/record_fixtures.py
"""

import json
import struct
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
torch.set_default_dtype(torch.float64)


def save(path, tensors, metadata):
    """The safetensors format: length of the header, header, data."""
    header, data, at = {"__metadata__": metadata}, b"", 0
    for name in sorted(tensors):
        raw = np.ascontiguousarray(tensors[name].detach().numpy()).tobytes()
        header[name] = {"dtype": "F64", "shape": list(tensors[name].shape), "data_offsets": [at, at + len(raw)]}
        data, at = data + raw, at + len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def normal(*shape):
    return torch.randn(*shape)


def positive(*shape):
    return 0.4 + 1.6 * torch.rand(*shape)


def distinct(*shape):
    """Numbers at least 0.2 apart and none within 0.1 of 0."""
    n = int(np.prod(shape))
    return (0.2 * torch.randperm(n) - 0.2 * (n // 2) + 0.1).reshape(shape)


def spd(n):
    a = normal(n, n)
    return a @ a.T + torch.eye(n)


def functions():
    """Name, function, inputs. The test in tests/nn/fixtures.cpp has the same functions under the same names."""
    index = torch.tensor([2, 0, 2])
    places = torch.tensor([[0, 2, 1, 1], [2, 2, 0, 1]])
    yield "add", lambda a, b: a + b, [normal(2, 3), normal(3)]
    yield "sub", lambda a, b: a - b, [normal(2, 1), normal(1, 3)]
    yield "mul", lambda a, b: a * b, [normal(2, 3), normal(2, 1)]
    yield "div", lambda a, b: a / b, [normal(3), positive(2, 3)]
    yield "pow", lambda a, b: a**b, [positive(2, 3), normal(3)]
    yield "maximum", torch.maximum, [distinct(2, 3), 0.1 + distinct(3)]
    yield "minimum", torch.minimum, [distinct(2, 3), 0.1 + distinct(3)]
    yield "clip", lambda x: torch.clamp(x, -0.4, 0.6), [distinct(7)]
    yield "where", lambda a, b: torch.where(a > b, a * a, b), [normal(5), normal(5)]
    for name, f, x in [
        ("exp", torch.exp, normal(7)),
        ("expm1", torch.expm1, normal(7)),
        ("log", torch.log, positive(7)),
        ("log1p", torch.log1p, positive(7)),
        ("sin", torch.sin, normal(7)),
        ("cos", torch.cos, normal(7)),
        ("tanh", torch.tanh, normal(7)),
        ("sigmoid", torch.sigmoid, normal(7)),
        ("softplus", F.softplus, normal(7)),
        ("silu", F.silu, normal(7)),
        ("relu", F.relu, distinct(7)),
        ("elu", F.elu, distinct(7)),
        ("gelu", F.gelu, normal(7)),
        ("sqrt", torch.sqrt, positive(7)),
        ("rsqrt", torch.rsqrt, positive(7)),
        ("square", torch.square, normal(7)),
        ("abs", torch.abs, distinct(7)),
        ("erf", torch.erf, normal(7)),
    ]:
        yield name, f, [x]
    yield "sum", lambda x: x.sum(dim=(0, 2)), [normal(2, 3, 2)]
    yield "mean", lambda x: x.mean(dim=1, keepdim=True), [normal(2, 3, 2)]
    yield "max", lambda x: x.amax(dim=1), [distinct(2, 3, 2)]
    yield "min", lambda x: x.amin(dim=(0, 1)), [distinct(2, 3, 2)]
    yield "logsumexp", lambda x: torch.logsumexp(x, dim=1), [normal(3, 4)]
    yield "softmax", lambda x: torch.softmax(x, dim=0), [normal(3, 4)]
    yield "log_softmax", lambda x: torch.log_softmax(x, dim=1), [normal(3, 4)]
    yield "norm", lambda x: torch.linalg.norm(x, dim=1), [normal(3, 4)]
    yield "cumsum", lambda x: torch.cumsum(x, dim=0), [normal(3, 4)]
    yield "transpose", lambda x: x.permute(2, 0, 1) * 1, [normal(2, 3, 2)]
    yield "concat", lambda a, b: torch.cat([a, b, a * a], dim=1), [normal(2, 3), normal(2, 1)]
    yield "stack", lambda a, b: torch.stack([a, b], dim=1), [normal(2, 3), normal(2, 3)]
    yield "slice", lambda x: x[:, 1:6:2], [normal(2, 6)]
    yield "pad", lambda x: F.pad(x, (1, 2), value=0.5), [normal(2, 3)]
    yield "flip", lambda x: torch.flip(x, dims=(1,)), [normal(2, 3)]
    yield "triu", lambda x: torch.triu(x, 1), [normal(3, 4)]
    yield "tril", lambda x: torch.tril(x, -1), [normal(3, 4)]
    yield "diagonal", lambda x: torch.diagonal(x, dim1=-2, dim2=-1) * 1, [normal(2, 3, 3)]
    yield "diag_embed", torch.diag_embed, [normal(2, 3)]
    yield "index_select", lambda x: torch.index_select(x, 1, index), [normal(2, 3)]
    yield "index_add", lambda x: torch.zeros(2, 4).index_add(1, index, x), [normal(2, 3)]
    yield "gather", lambda x: torch.gather(x, 1, places), [normal(2, 3)]
    yield "scatter_add", lambda x: torch.zeros(2, 3).scatter_add(1, places, x), [normal(2, 4)]
    yield "matmul", lambda a, b: a @ b, [normal(2, 1, 3, 4), normal(3, 4, 2)]
    yield "linear", F.linear, [normal(2, 3, 4), normal(5, 4), normal(5)]
    yield "cholesky", lambda x: torch.linalg.cholesky(x @ x.T + torch.eye(3)), [normal(3, 3)]
    yield "solve", torch.linalg.solve, [normal(3, 3) + 3 * torch.eye(3), normal(3, 2)]
    yield "logdet", lambda x: torch.linalg.slogdet(x)[1], [normal(3, 3)]


def convolutions():
    """The same for tests/nn/conv.cpp, with inputs x, weight and optionally bias."""
    yield "conv2d", F.conv2d, [normal(2, 3, 5, 4), normal(4, 3, 3, 2), normal(4)]
    yield (
        "conv2d_strided",
        lambda x, w, b: F.conv2d(x, w, b, stride=(2, 1), padding=(1, 2)),
        [normal(2, 2, 6, 3), normal(3, 2, 3, 3), normal(3)],
    )
    yield "conv2d_1x1", lambda x, w: F.conv2d(x, w, stride=2), [normal(1, 3, 4, 5), normal(2, 3, 1, 1)]
    yield "conv_transpose2d", F.conv_transpose2d, [normal(2, 3, 3, 2), normal(3, 2, 2, 3), normal(2)]
    yield (
        "conv_transpose2d_strided",
        lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=(1, 2), output_padding=(1, 0)),
        [normal(2, 2, 3, 4), normal(2, 3, 3, 5), normal(3)],
    )


def record_functions(file, functions):
    """NAME.in.0 …, NAME.out, NAME.cotangent, the gradients NAME.grad.0 …, and NAME.second.0 …, those of Σᵢ |gradᵢ|²."""
    torch.manual_seed(1)
    tensors = {}
    for name, f, inputs in functions():
        inputs = [x.clone().requires_grad_() for x in inputs]
        out = f(*inputs)
        cotangent = torch.randn_like(out)
        grads = torch.autograd.grad(out, inputs, cotangent, create_graph=True)
        squares = sum((g * g).sum() for g in grads)
        second = [None] * len(inputs)
        if squares.requires_grad:
            second = torch.autograd.grad(squares, inputs, allow_unused=True)
        tensors[f"{name}.out"], tensors[f"{name}.cotangent"] = out, cotangent
        for i, (x, g, s) in enumerate(zip(inputs, grads, second)):
            tensors[f"{name}.in.{i}"], tensors[f"{name}.grad.{i}"] = x, g
            tensors[f"{name}.second.{i}"] = torch.zeros_like(x) if s is None else s
    save(FOLDER / f"{file}.safetensors", tensors, {"torch": torch.__version__})


def rosenbrock(x):
    return ((1 - x[:-1]) ** 2 + 10 * (x[1:] - x[:-1] ** 2) ** 2).sum()


def record_optimizers():
    """Positions before and after each of 20 steps on two functions of four numbers: NAME.FUNCTION of shape (21, 4).

    quadratic: ½ Σ scaleᵢ xᵢ²; rosenbrock: Σ (1 − xᵢ)² + 10 (xᵢ₊₁ − xᵢ²)².
    """
    start = torch.tensor([-0.5, 0.8, 0.3, -1.2])
    scale = torch.tensor([0.1, 0.3, 1.0, 3.0])
    losses = {"quadratic": lambda x: 0.5 * (scale * x * x).sum(), "rosenbrock": rosenbrock}
    optimizers = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
        "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
        "sgd_nesterov": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
        "sgd_weight_decay": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=0.1),
        "adam": lambda p: torch.optim.Adam(p, lr=0.05),
        "adam_betas": lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.8, 0.99), eps=1e-6),
        "adam_weight_decay": lambda p: torch.optim.Adam(p, lr=0.05, weight_decay=0.1),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.1),
        "adamax": lambda p: torch.optim.Adamax(p, lr=0.05),
        "adamax_weight_decay": lambda p: torch.optim.Adamax(p, lr=0.05, weight_decay=0.1),
    }
    tensors = {"start": start, "scale": scale}
    for name, make in optimizers.items():
        for which, loss in losses.items():
            x = start.clone().requires_grad_()
            optimizer, path = make([x]), [x.detach().clone()]
            for _ in range(20):
                optimizer.zero_grad()
                loss(x).backward()
                optimizer.step()
                path.append(x.detach().clone())
            tensors[f"{name}.{which}"] = torch.stack(path)
    save(FOLDER / "optimizers.safetensors", tensors, {"torch": torch.__version__})


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    record_functions("ops", functions)
    record_functions("conv", convolutions)
    record_optimizers()
    for path in sorted(FOLDER.glob("*.safetensors")):
        print(path.name, path.stat().st_size, "bytes")
