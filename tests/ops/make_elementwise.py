"""Writes elementwise.json: element-wise functions and reductions by NumPy and SciPy, in float64 or the integer dtype named."""

import json
import sys
from pathlib import Path

import numpy as np
from scipy import special

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))
from golden_files import stored, write_json

np.seterr(all="ignore")
inf, nan = np.inf, np.nan

unary = {
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "sigmoid": special.expit,
    "softplus": lambda x: np.logaddexp(0, x),
    "relu": lambda x: np.maximum(x, 0),
    "erf": special.erf,
}
rounding = {"floor": np.floor, "ceil": np.ceil, "round": np.round}
binary = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": np.power,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "mod": np.mod,
    "floorDiv": np.floor_divide,
    "atan2": np.arctan2,
}
reductions = {
    "sum": np.sum,
    "prod": np.prod,
    "max": np.max,
    "min": np.min,
    "mean": np.mean,
    "variance": np.var,
    "std": np.std,
    "logSumExp": special.logsumexp,
    "any": np.any,
    "all": np.all,
}

points = [-8.0, -3.0, -2.0, -1.1, -0.9, -0.5, -1e-9, 0.0, 1e-9, 0.1, 0.5, 0.84, 0.85, 1.0, 1.24, 1.26]
points += [2.0, 2.8, 2.9, 5.0, 6.1, 20.0, inf, -inf, nan]
halves = [-2.5, -1.5, -1.2, -0.5, 0.0, 0.49999999999999994, 0.5, 1.5, 2.5, 2.7, 4503599627370497.0, 1e300, inf, -inf, nan]


def numbers(array):
    return stored(np.asarray(array).tolist())


def pairs(dtype, x, y, names):
    left, right = np.array(x, dtype), np.array(y, dtype)
    return {"x": stored(x), "y": stored(y), "results": {name: numbers(binary[name](left, right)) for name in names}}


x = [7, -7, 7, -7, 5, -2147483648, 2147483647, 123456789, -1]
y = [2, 2, -2, -2, 0, 3, 2147483647, 987654321, 7]
integers = pairs("int32", x, y, ["add", "sub", "mul", "maximum", "minimum", "mod", "floorDiv"])
# There are no powers of integers to negative ones; the test makes y small in the same way.
integers["results"]["pow"] = numbers(np.power(np.array(x, "int32"), np.abs(np.array(y, "int32")) % 40))

values = {
    "unary": {
        **{name: {"x": stored(points), "y": numbers(function(np.array(points)))} for name, function in unary.items()},
        **{name: {"x": stored(halves), "y": numbers(function(np.array(halves)))} for name, function in rounding.items()},
    },
    "binary": pairs(
        "float64",
        [7.0, -7.0, 7.0, -7.0, 1.0, 6.0, 0.0, -0.0, 1.0, inf, 5.0, -5.0, nan, 0.0],
        [2.0, 2.0, -2.0, -2.0, 0.1, -3.0, 5.0, 5.0, 0.0, 2.0, inf, inf, 1.0, 0.0],
        binary,
    ),
    "int32": integers,
    "uint32": pairs(
        "uint32",
        [7, 4294967295, 4294967295, 3000000000],
        [2, 4294967295, 3, 7],
        ["add", "sub", "mul", "mod", "floorDiv"],
    ),
    "uint8": pairs("uint8", [200, 100, 7], [100, 3, 9], ["add", "sub", "mul"]),
}

x = np.array([[[1.5, -2.0, 0.0], [3.0, 4.0, -0.5]], [[2.0, 2.0, 8.0], [-1.0, 0.25, -3.0]]])
axes = [None, 0, -1, [0, 2], [0, 1, 2], []]
results = {}
for axis in axes:
    for keep_dims in [False, True]:
        along = tuple(axis) if isinstance(axis, list) else axis
        # The variance along no axes is 0 everywhere, which NumPy gives too, but the standard deviation has no gradient there.
        names = [name for name in reductions if axis != [] or name not in ("variance", "std")]
        key = json.dumps([axis, keep_dims])
        results[key] = {name: np.asarray(reductions[name](x, axis=along, keepdims=keep_dims)).tolist() for name in names}
values["reduce"] = {"x": x.tolist(), "results": results, "unbiased": np.var(x, axis=1, ddof=1).tolist()}
for name in ["argmax", "argmin"]:
    function = getattr(np, name)
    values["reduce"][name] = {str(axis): np.asarray(function(x, axis=axis)).tolist() for axis in [None, 0, 1, -1]}

write_json(here / "elementwise.json", values)
