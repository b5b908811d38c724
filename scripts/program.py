"""A program over the ops of program_vocabulary.py, which grows by one instruction at a time."""

import math

import torch
from program_vocabulary import OPS

GAP = 0.02  # from a kink, a tie or the end of a domain
LARGEST = 24  # elements


class Unfit(Exception):
    """This draw does not work: try another."""


def need(condition):
    if not condition:
        raise Unfit


class Program:
    def __init__(self, rng, shapes, positive=False):
        """Leaves are multiples of 1/64, so that they have the same values in float32."""
        self.rng = rng
        self.code = []
        self.leaves = [
            torch.tensor([self.number(positive) / 64 for _ in range(math.prod(s))], dtype=torch.float64).reshape(s)
            for s in shapes
        ]
        self.values = list(self.leaves)

    def number(self, positive):
        """Of both signs or positive: off 0, or exactly 0, for products."""
        n = self.rng.randint(12, 110) if positive or self.rng.random() < 0.94 else 0
        return n if positive or self.rng.random() < 0.55 else -n

    def do(self, name, operands, numbers=()):
        """Appends an instruction, and returns its index."""
        try:
            y = OPS[name][1]([self.values[i] for i in operands], list(numbers))
        except RuntimeError as error:
            raise Unfit from error
        need(0 < y.numel() <= LARGEST and y.isfinite().all() and y.abs().max() < 60)
        self.code.append([name, list(operands), list(numbers)])
        self.values.append(y)
        return len(self.values) - 1

    def pick(self, fits=lambda x: True):
        """One of the values, of those computed last rather than of the first."""
        indices = [i for i, x in enumerate(self.values) if fits(x)]
        need(indices)
        return indices[-1] if self.rng.random() < 0.6 else self.rng.choice(indices)

    def pick_like(self, leaf):
        """A value of a leaf's shape, for ops whose operands' shapes belong together."""
        return self.pick(lambda x: x.shape == self.leaves[leaf].shape)

    def used(self):
        """The values that the last one depends on."""
        used, n = {len(self.values) - 1}, len(self.leaves)
        for i in reversed(range(len(self.code))):
            if n + i in used:
                used.update(self.code[i][1])
        return used

    def prune(self):
        """Keeps what the last value depends on."""
        used, n = self.used(), len(self.leaves)
        place = {old: new for new, old in enumerate(sorted(used))}
        self.code = [
            [name, [place[i] for i in operands], numbers]
            for k, (name, operands, numbers) in enumerate(self.code)
            if n + k in used
        ]
        self.leaves = [x for i, x in enumerate(self.leaves) if i in used]
        self.values = [x for i, x in enumerate(self.values) if i in used]


def within(low, high):
    return lambda x: bool((x > low).all() and (x < high).all())


def off_zero(x):
    return bool((x.abs() > GAP).all())


def apart(x):
    """No two elements are close."""
    s = x.flatten().sort().values
    return bool((s.diff() > GAP).all())
