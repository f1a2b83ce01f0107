"""Writes golden.json: the operations and training runs of Sabinasz's text, by plain NumPy in float64.

The library that goes with the text, TensorSlow at commit 1744c9a, was run once on the same numbers; it agrees with this to
15 digits. Gradients are written out by hand here, where that library propagates them.
"""

import math
import sys
from itertools import islice
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))
from golden_files import write_json

note = (
    "Made in float64 by make_golden.py; TensorSlow at commit 1744c9a, the library that goes with the text this project "
    "follows, agrees to 15 digits. Random numbers are those of mulberry32(seed): uint32 / 2^32, then normal numbers by "
    "Box-Muller in pairs, r = sqrt(-2 ln(1 - u1)), first r cos(2 pi u2), then r sin(2 pi u2). Arrays are filled row by "
    "row, in the order red points, blue points, parameters."
)


def uniforms(seed):
    mask = 0xFFFFFFFF
    state = seed
    while True:
        state = (state + 0x6D2B79F5) & mask
        bits = (state ^ state >> 15) * (1 | state) & mask
        bits = bits ^ (bits + ((bits ^ bits >> 7) * (61 | bits) & mask)) & mask
        yield (bits ^ bits >> 14) / 2**32


def normals(seed):
    uniform = uniforms(seed)
    while True:
        radius = math.sqrt(-2 * math.log(1 - next(uniform)))
        angle = 2 * math.pi * next(uniform)
        yield radius * math.cos(angle)
        yield radius * math.sin(angle)


def draw(normal, *shape):
    return np.array(list(islice(normal, math.prod(shape)))).reshape(shape)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    powers = np.exp(x)
    return powers / powers.sum(1, keepdims=True)


def softmax_gradient(p, g):
    return (g - (g * p).sum(1, keepdims=True)) * p


def operations():
    """Each with its result and, for an upstream gradient, the gradients of its inputs."""
    x = np.array([[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]])
    g = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    p = np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]])
    b = np.array([0.1, -0.2])
    m = np.array([[1.0, 2.0, -1.0], [0.5, -0.5, 3.0]])
    gm = np.array([[1.0, 0.0, -1.0], [2.0, 1.0, 0.0], [0.0, 0.5, 1.0]])
    s, t = sigmoid(x), softmax(x)
    rows = {
        "add": ([x, 2 * x], {}, x + 2 * x, g, [g, g]),
        "add_broadcast": ([x, b], {}, x + b, g, [g, g.sum(0)]),
        "matmul": ([x, m], {}, x @ m, gm, [gm @ m.T, x.T @ gm]),
        "sigmoid": ([x], {}, s, g, [g * s * (1 - s)]),
        "softmax": ([x], {}, t, g, [softmax_gradient(t, g)]),
        "log": ([p], {}, np.log(p), g, [g / p]),
        "multiply": ([x, p], {}, x * p, g, [g * p, g * x]),
        "reduce_sum_none": ([x], {}, x.sum(), np.array(2.0), [np.full_like(x, 2)]),
        "reduce_sum_axis0": ([x], {"axis": 0}, x.sum(0), g[0], [np.ones_like(x) * g[0]]),
        "reduce_sum_axis1": ([x], {"axis": 1}, x.sum(1), np.array([1.0, 2, 3]), [np.ones_like(x) * [[1], [2], [3]]]),
        "negative": ([x], {}, -x, g, [-g]),
    }
    return {
        name: {
            "inputs": [each.tolist() for each in inputs],
            "params": params,
            "output": output.tolist(),
            "upstream": upstream.tolist(),
            "input_grads": [each.tolist() for each in gradients],
        }
        for name, (inputs, params, output, upstream, gradients) in rows.items()
    }


# Blue points come first, and are class 0.
classes = np.repeat([[1.0, 0.0], [0.0, 1.0]], 50, axis=0)


def loss_of(p):
    return float(-(classes * np.log(p)).sum())


def accuracy_of(p):
    return float((p.argmax(1) == classes.argmax(1)).mean())


def perceptron(seed):
    normal = normals(seed)
    red, blue = draw(normal, 50, 2) - 2, draw(normal, 50, 2) + 2
    points = np.concatenate([blue, red])
    W, b = draw(normal, 2, 2), draw(normal, 2)
    values = {"W0": W.tolist(), "b0": b.tolist(), "loss_every_10": []}
    for step in range(100):
        p = softmax(points @ W + b)
        if step % 10 == 0:
            values["loss_every_10"].append(loss_of(p))
        slope = softmax_gradient(p, -classes / p)
        W, b = W - 0.01 * (points.T @ slope), b - 0.01 * slope.sum(0)
    p = softmax(points @ W + b)
    # The line of the text's figure is that where the first logit alone is 0.
    drawn = (points @ W[:, 0] + b[0] > 0) == (classes[:, 0] == 1)
    return {
        **values,
        "final_loss": loss_of(p),
        "W": W.tolist(),
        "b": b.tolist(),
        "accuracy": accuracy_of(p),
        "accuracy_of_notebook_plotted_line": float(drawn.mean()),
    }


def multilayer(seed):
    normal = normals(seed)
    clusters = [draw(normal, 25, 2) * 0.2 + center for center in [(0, 0), (1, 1), (0, 1), (1, 0)]]
    points = np.concatenate(clusters[2:] + clusters[:2])
    W1, b1, W2, b2 = draw(normal, 2, 2), draw(normal, 2), draw(normal, 2, 2), draw(normal, 2)
    values = {"init": [each.tolist() for each in (W1, b1, W2, b2)], "loss_every_100": []}

    def forward(x):
        hidden = sigmoid(x @ W1 + b1)
        return hidden, softmax(hidden @ W2 + b2)

    for step in range(1000):
        hidden, p = forward(points)
        if step % 100 == 0:
            values["loss_every_100"].append(loss_of(p))
        slope = softmax_gradient(p, -classes / p)
        inner = slope @ W2.T * hidden * (1 - hidden)
        W2, b2 = W2 - 0.03 * (hidden.T @ slope), b2 - 0.03 * slope.sum(0)
        W1, b1 = W1 - 0.03 * (points.T @ inner), b1 - 0.03 * inner.sum(0)
    _, p = forward(points)
    sides = np.linspace(-2, 2, 50)
    _, grid = forward(np.array([[x, y] for x in sides for y in sides]))
    return {
        **values,
        "final_loss": loss_of(p),
        "weights": [each.tolist() for each in (W1, b1, W2, b2)],
        "accuracy": accuracy_of(p),
        "grid50x50_class0_count": int((grid.argmax(1) == 0).sum()),
    }


write_json(
    here / "golden.json",
    {
        "note": note,
        "mulberry32_seed1_first4": list(islice(uniforms(1), 4)),
        "randn_seed1_first6": list(islice(normals(1), 6)),
        "ops": operations(),
        "perceptron_train": {str(seed): perceptron(seed) for seed in [1, 2, 3]},
        "mlp_train": {str(seed): multilayer(seed) for seed in [1, 2, 3, 5, 9]},
    },
)
