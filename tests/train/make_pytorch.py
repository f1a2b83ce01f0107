"""Writes pytorch.json and pytorch_sets.json: what PyTorch's optimizers make of parameters, step by step, in float64.

The problems are those of optimizers.test.ts and sets.test.ts.
"""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))
from golden_files import write_json

torch.set_default_dtype(torch.float64)

other_constants = {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3}


def leaf(values):
    return torch.tensor(values).requires_grad_()


def optimizers_run():
    """20 steps on four points, the learning rate halved after ten."""
    points = torch.tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75], [-2.0, 1.0, 0.5], [0.1, 0.2, 0.3]])
    labels = torch.tensor([0, 1, 1, 0])
    makers = {
        "SGD": lambda parameters: torch.optim.SGD(parameters, lr=0.3),
        "momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.3, momentum=0.9),
        "Nesterov": lambda parameters: torch.optim.SGD(parameters, lr=0.3, momentum=0.8, nesterov=True),
        "Adam": lambda parameters: torch.optim.Adam(parameters, lr=0.1),
        "Adam with other constants": lambda parameters: torch.optim.Adam(parameters, **other_constants),
    }
    values = {}
    for name, make in makers.items():
        w, b = leaf([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.6]]), leaf([0.05, -0.1])
        optimizer = make([w, b])
        losses = []
        for step in range(20):
            if step == 10:
                optimizer.param_groups[0]["lr"] /= 2
            optimizer.zero_grad()
            loss = F.cross_entropy(points @ w + b, labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        values[name] = {"losses": losses, "w": w.tolist(), "b": b.tolist()}
    return values


def sets_run():
    """Each step updates the parameters that the schedule names; the others have no gradient."""
    schedule = ["ab", "ab", "a", "ab", "b", "b", "ab", "a", "abc", "c", "ab", "abc", "a", "bc", "abc"]
    start = {"a": [0.3, -0.2, 0.7], "b": [[0.1, 0.4, -0.5], [0.6, -0.3, 0.2]], "c": [0.05, -0.1]}
    x, target = torch.tensor([0.5, -1, 2]), torch.tensor([0.9, -0.4])
    makers = {
        "Adam": lambda parameters: torch.optim.Adam(parameters, lr=0.1),
        "Adam with other constants": lambda parameters: torch.optim.Adam(parameters, **other_constants),
        "momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
    }
    values = {"schedule": schedule, "start": start}
    for name, make in makers.items():
        parameters = {key: leaf(value) for key, value in start.items()}
        a, b, c = parameters.values()
        optimizer = make(list(parameters.values()))
        losses = []
        for names in schedule:
            optimizer.zero_grad(set_to_none=True)
            loss = ((torch.tanh(b @ (a * x)) + c - target) ** 2).sum() + (a**2).sum() * 0.1
            loss.backward()
            for key, parameter in parameters.items():
                if key not in names:
                    parameter.grad = None
            optimizer.step()
            losses.append(loss.item())
        values[name] = {"losses": losses, **{key: parameter.tolist() for key, parameter in parameters.items()}}
        steps = {key: optimizer.state[parameter].get("step") for key, parameter in parameters.items()}
        if all(step is not None for step in steps.values()):
            values[name]["steps"] = {key: int(step) for key, step in steps.items()}
    return values


write_json(here / "pytorch.json", optimizers_run())
write_json(here / "pytorch_sets.json", sets_run())
