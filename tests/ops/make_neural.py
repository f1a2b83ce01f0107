"""Writes neural.json: softmax, log-softmax, the losses and gelu by PyTorch, and their gradients by autograd.

The operands are those of neural.test.ts; the arguments of gelu are in the file.
"""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))
from golden_files import stored, write_json

torch.set_default_dtype(torch.float64)


def leaf(values):
    return torch.tensor(values).requires_grad_()


def lists(tensor):
    return tensor.detach().tolist()


x = [[[0.5, -1, 2], [3, 0.25, -0.75]], [[1000, 0, -1000], [-2, -2, -2]]]
upstream = torch.tensor([[[1, 2, 3], [-1, 0.5, 2]], [[0.25, -0.5, 1], [2, 1, -3]]])
logits = [[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [1000.0, -1000.0, 999.0], [-3.0, 4.0, 0.25]]
classes = torch.tensor([0, 2, 2, 1])
rows = [[0.5, 0.25, 0.25], [1, 0, 0], [0, 0, 2], [0.1, 0.2, 0.3]]
gelu_x = [-40.0, -9.5, -6.0, -5.25, -3.0, -1.5, -0.75, -0.1, -1e-5]
gelu_x += [1e-300, 1e-5, 0.3, 0.75, 1.0, 2.5, 4.0, 6.0, 9.5, 40.0]

values = {}
for axis in [0, 1, -1]:
    for name, function in [("softmax", F.softmax), ("logSoftmax", F.log_softmax)]:
        operand = leaf(x)
        result = function(operand, axis)
        (result * upstream).sum().backward()
        values[f"{name} {axis}"] = {"value": lists(result), "gradient": lists(operand.grad)}

operand = leaf(logits)
loss = F.cross_entropy(operand, classes)
loss.backward()
values["classes"] = {"value": loss.item(), "gradient": lists(operand.grad)}

operand, labels = leaf(logits), leaf(rows)
loss = F.cross_entropy(operand, labels)
loss.backward()
values["rows"] = {"value": loss.item(), "gradient": lists(operand.grad), "labels": lists(labels.grad)}

x, y = leaf([[1, 2, 3], [4, 5, 6.5]]), leaf([0.5, 2.5, -1])
loss = ((x - y) ** 2).mean()
loss.backward()
values["mse"] = {"value": loss.item(), "x": lists(x.grad), "y": lists(y.grad)}

values["gelu"] = {"x": gelu_x}
for approximate in ["none", "tanh"]:
    operand = leaf(gelu_x)
    result = F.gelu(operand, approximate=approximate)
    result.sum().backward()
    values["gelu"][approximate] = {"value": stored(lists(result)), "gradient": stored(lists(operand.grad))}

write_json(here / "neural.json", values)
