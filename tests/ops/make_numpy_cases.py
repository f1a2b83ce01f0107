"""Fills in what NumPy computes in contract.jsonl, creation.jsonl, cumulative.jsonl, indexing.jsonl, matmul.jsonl,
movement.jsonl and windows.jsonl.

A line is a case: its call, inputs, arguments and the NumPy expression (over x, y and z: the inputs) are written by hand,
and this adds dtype, shape and data of the expression's result. int64, which NumPy prefers for indices, is int32 here.
"""

import json
import sys
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))
from golden_files import restored, stored, write_lines

names = {
    "np": np,
    "einsum": np.einsum,
    "moveaxis": np.moveaxis,
    "sliding_window_view": np.lib.stride_tricks.sliding_window_view,
}


def array(numbers):
    data = np.array(restored(numbers["data"]), "float64")
    return data.astype(numbers["dtype"]).reshape(numbers["shape"])


def plain(number):
    """Whole numbers without a point; the sign of zero is not kept."""
    number = number.item() if hasattr(number, "item") else number
    if isinstance(number, (bool, int)):
        return int(number)
    return int(number) if number.is_integer() else stored(number)


for name in ["contract", "creation", "cumulative", "indexing", "matmul", "movement", "windows"]:
    path = here / f"{name}.jsonl"
    cases = [json.loads(line) for line in path.read_text().splitlines()]
    for case in cases:
        inputs = [array(numbers) for numbers in case["inputs"]]
        result = np.asarray(eval(case["numpy"], names, dict(zip("xyz", inputs))))
        dtype = "int32" if result.dtype == np.int64 else result.dtype.name
        for numbers in case["inputs"]:
            numbers["data"] = [plain(each) if isinstance(each, float) else each for each in numbers["data"]]
        case.update(dtype=dtype, shape=list(result.shape), data=[plain(each) for each in result.flatten()])
    write_lines(path, cases)
