"""The works in PyTorch, eager: results are written into tensors that are there, wherever an operation can."""

import torch
import torch.nn.functional as functional


def start(threads, _missing):
    torch.set_num_threads(threads)
    return torch.__version__, works, torch.get_num_threads()


def works(job, arrays, reference):
    """A work, ready: a function that does it once, and one that gives what that has computed."""
    precision = torch.float64 if reference else torch.float32
    operands = {
        name: torch.tensor(array).to(torch.int64 if array.dtype.kind == "i" else precision)
        for name, array in arrays.items()
    }
    if "learningRate" in job:
        return step(job, operands)
    results = {}
    run = KINDS[job["kind"]](job, operands, results)
    return run, lambda: {name: result.detach().numpy() for name, result in results.items()}


def step(job, operands):
    parameters = {name: value for name, value in operands.items() if name not in ("x", "labels")}
    for parameter in parameters.values():
        parameter.requires_grad_()
    optimizer = torch.optim.SGD(parameters.values(), lr=job["learningRate"], fused=True)
    loss_of = {"mlp": mlp_loss, "cnn": cnn_loss, "transformer": transformer_loss}[job["kind"]](job, operands)
    results = dict(parameters)

    def run():
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        results["loss"] = loss

    return run, lambda: {name: result.detach().numpy() for name, result in results.items()}


def mlp_loss(job, operands):
    x, labels = operands["x"], operands["labels"]
    activation = torch.relu if job["activation"] == "relu" else torch.tanh
    layers = [(operands[f"w{layer}"], operands[f"b{layer}"]) for layer in range(1, job["layers"] + 1)]

    def loss():
        value = x
        for weight, bias in layers[:-1]:
            value = activation(torch.addmm(bias, value, weight))
        weight, bias = layers[-1]
        return functional.cross_entropy(torch.addmm(bias, value, weight), labels)

    return loss


def cnn_loss(_job, operands):
    x, labels, w1, b1, w2, b2, w3, b3 = (operands[name] for name in ("x", "labels", "w1", "b1", "w2", "b2", "w3", "b3"))

    def loss():
        value = functional.max_pool2d(torch.relu(functional.conv2d(x, w1, b1, padding=1)), 2)
        value = functional.max_pool2d(torch.relu(functional.conv2d(value, w2, b2, padding=1)), 2)
        return functional.cross_entropy(torch.addmm(b3, value.flatten(1), w3), labels)

    return loss


def transformer_loss(job, operands):
    x, heads = operands["x"], job["heads"]
    batch, length, width = x.shape
    gamma1, beta1, wqkv, bqkv, wo, bo = (operands[name] for name in ("gamma1", "beta1", "wqkv", "bqkv", "wo", "bo"))
    gamma2, beta2, w1, b1, w2, b2 = (operands[name] for name in ("gamma2", "beta2", "w1", "b1", "w2", "b2"))

    def linear(value, weight, bias):
        return torch.addmm(bias, value.view(batch * length, -1), weight)

    def loss():
        normalized = functional.layer_norm(x, (width,), gamma1, beta1)
        qkv = linear(normalized, wqkv, bqkv).view(batch, length, 3, heads, width // heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        together = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, length, width)
        attended = x + linear(together, wo, bo).view(batch, length, width)
        again = functional.layer_norm(attended, (width,), gamma2, beta2)
        hidden = functional.gelu(linear(again, w1, b1))
        return (attended + linear(hidden, w2, b2).view(batch, length, width)).square().mean()

    return loss


def matmul(job, operands, results):
    a, b = operands["a"], operands["b"]
    transposed = job.get("transposed")
    a, b = a.mT if transposed == "a" else a, b.mT if transposed == "b" else b
    c = results["c"] = torch.matmul(a, b)
    return lambda: torch.matmul(a, b, out=c)


def elementwise(job, operands, results):
    x = operands["x"]
    y = results["y"] = torch.empty_like(x)
    if job["kind"] == "gelu":
        gelu = torch.ops.aten.gelu.out
        return lambda: gelu(x, out=y)
    function = getattr(torch, job["kind"])
    return lambda: function(x, out=y)


def chain(_job, operands, results):
    x, y = operands["x"], operands["y"]
    z = results["z"] = torch.empty_like(x)
    return lambda: torch.addcmul(x, x, y, out=z).tanh_().mul_(y).add_(1)


def total(_job, operands, results):
    x = operands["x"]
    y = results["y"] = torch.sum(x)
    return lambda: torch.sum(x, dim=(0,), out=y)


def softmax(job, operands, results):
    x = operands["x"]
    if not job["backward"]:
        y = results["y"] = torch.empty_like(x)
        return lambda: torch.softmax(x, -1, out=y)
    return backward([x.requires_grad_()], ["dx"], lambda: torch.softmax(x, -1), operands["g"], results)


def layer_norm(job, operands, results):
    x, gamma, beta = operands["x"], operands["gamma"], operands["beta"]
    shape = x.shape[-1:]

    def forward():
        results["y"] = functional.layer_norm(x, shape, gamma, beta)
        return results["y"]

    if not job["backward"]:
        return forward
    for operand in (x, gamma, beta):
        operand.requires_grad_()
    return backward([x, gamma, beta], ["dx", "dgamma", "dbeta"], forward, operands["g"], results)


def cross_entropy(_job, operands, results):
    x, labels = operands["x"].requires_grad_(), operands["labels"]

    def run():
        results["loss"] = functional.cross_entropy(x, labels)
        (results["dx"],) = torch.autograd.grad(results["loss"], (x,))

    return run


def backward(inputs, names, forward, gradient, results):
    def run():
        results["y"] = forward()
        for name, value in zip(names, torch.autograd.grad(results["y"], inputs, gradient)):
            results[name] = value

    return run


KINDS = {
    "matmul": matmul,
    "exp": elementwise,
    "tanh": elementwise,
    "gelu": elementwise,
    "chain": chain,
    "sum": total,
    "softmax": softmax,
    "layerNorm": layer_norm,
    "crossEntropy": cross_entropy,
}
