"""Fills in what PyTorch computes in convolution.jsonl.

A line is a call: its options, its operands x and w, and g, which the elements of the result are multiplied with before they
are summed and differentiated, are written by hand. This adds the result y and the gradients dx and dw. The options are
translated: all padding is done first, by `pad`, and axes are permuted for layouts with the channels last.
"""

import json
import sys
from math import prod
from pathlib import Path

import torch
import torch.nn.functional as F

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))
from golden_files import write_lines

note = (
    f"Made by PyTorch {torch.__version__.split('+')[0]}, CPU, float64, by make_convolution.py: for each call, "
    "torch.nn.functional's function of that kind, its result y, and by autograd the gradients dx and dw of (y * g).sum(). "
    "Elements are multiples of 1/8, so that all but divisions is exact."
)


def tensor_of(numbers):
    return torch.tensor(numbers["data"], dtype=torch.float64).reshape(numbers["shape"])


def numbers_of(tensor):
    data = [int(each) if each.is_integer() else each for each in tensor.flatten().tolist()]
    return {"shape": list(tensor.shape), "data": data}


def per_axis(option, axes):
    return list(option) if isinstance(option, list) else [option] * axes


def padding_of(option, lengths, windows, stride, dilation):
    """What comes before and after each axis."""
    if option == "valid":
        return [(0, 0)] * len(lengths)
    if option == "same":
        pairs = []
        for length, window, step, gap in zip(lengths, windows, stride, dilation):
            missing = max(0, ((length + step - 1) // step - 1) * step + (window - 1) * gap + 1 - length)
            pairs.append((missing // 2, missing - missing // 2))
        return pairs
    return [tuple(each) if isinstance(each, list) else (each, each) for each in per_axis(option, len(lengths))]


def padded(x, pairs, value=0.0):
    """`pad` counts axes from the last one; less than nothing is cut off."""
    return F.pad(x, [side for pair in reversed(pairs) for side in pair], value=value)


def result_of(name, axes, options, x, w):
    """Of operands with the channels first."""
    kind = name[: -len("1d")]
    size = per_axis(options["size"], axes) if "size" in options else list(w.shape[2:])
    stride = per_axis(options.get("stride", 1 if "size" not in options else size), axes)
    dilation = per_axis(options.get("dilation", 1), axes)
    pairs = padding_of(options.get("padding", "valid"), x.shape[2:], size, stride, dilation)
    groups = options.get("groups", 1)
    if kind == "conv":
        function = [F.conv1d, F.conv2d, F.conv3d][axes - 1]
        return function(padded(x, pairs), w, stride=stride, dilation=dilation, groups=groups)
    if kind == "convTranspose":
        function = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][axes - 1]
        more = per_axis(options.get("outputPadding", 0), axes)
        ends = [(-before, extra - after) for (before, after), extra in zip(pairs, more)]
        return padded(function(x, w, stride=stride, dilation=dilation, groups=groups), ends)
    if kind == "maxPool":
        function = [F.max_pool1d, F.max_pool2d, F.max_pool3d][axes - 1]
        return function(padded(x, pairs, -torch.inf), size, stride=stride, dilation=dilation)
    function = [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d][axes - 1]
    mean = lambda values: function(padded(values, pairs), size, stride=stride)
    if options.get("countIncludePadding", True):
        return mean(x)
    # With ones for elements, the mean of a window is the share of it that is no padding.
    return mean(x) * prod(size) / (mean(torch.ones_like(x)) * prod(size)).round()


path = here / "convolution.jsonl"
cases = [json.loads(line) for line in path.read_text().splitlines()[1:]]
for case in cases:
    name = case["call"]
    axes = int(name[-2])
    is_last = case["options"].get("layout", "NCW").endswith("C")
    first = lambda tensor: tensor.movedim(-1, 1) if is_last else tensor
    x, g = tensor_of(case["x"]).requires_grad_(), tensor_of(case["g"])
    w = tensor_of(case["w"]).requires_grad_() if "w" in case else None
    y = result_of(name, axes, case["options"], first(x), w)
    y = y.movedim(1, -1) if is_last else y
    (y * g).sum().backward()
    case.update(y=numbers_of(y.detach()), dx=numbers_of(x.grad))
    if w is not None:
        case["dw"] = numbers_of(w.grad)

write_lines(path, [{"note": note}, *cases], separators=(",", ":"))
