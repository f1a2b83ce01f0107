"""The works in NumPy, with gradients by hand; results are written into arrays that are there, where that can be."""

import numpy


def start(threads, missing):
    def works(job, arrays, reference):
        """A work, ready: a function that does it once, and one that gives what that has computed."""
        kind = job["kind"]
        if kind not in KINDS:
            raise missing(REASONS[kind])
        precision = numpy.float64 if reference else numpy.float32
        operands = {name: array if array.dtype.kind == "i" else array.astype(precision) for name, array in arrays.items()}
        results = {}
        return KINDS[kind](job, operands, results), lambda: results

    return numpy.__version__, works, threads


def matmul(job, operands, results):
    a, b = operands["a"], operands["b"]
    transposed = job.get("transposed")
    a, b = a.mT if transposed == "a" else a, b.mT if transposed == "b" else b
    c = results["c"] = numpy.matmul(a, b)
    return lambda: numpy.matmul(a, b, out=c)


def elementwise(job, operands, results):
    function, x = getattr(numpy, job["kind"]), operands["x"]
    y = results["y"] = numpy.empty_like(x)
    return lambda: function(x, out=y)


def chain(_job, operands, results):
    x, y = operands["x"], operands["y"]
    z = results["z"] = numpy.empty_like(x)

    def run():
        numpy.multiply(x, y, out=z)
        numpy.add(z, x, out=z)
        numpy.tanh(z, out=z)
        numpy.multiply(z, y, out=z)
        numpy.add(z, 1, out=z)

    return run


def total(_job, operands, results):
    x = operands["x"]
    y = results["y"] = numpy.empty((), x.dtype)
    return lambda: numpy.sum(x, out=y)


def softmax_of(x, out=None):
    y = numpy.subtract(x, x.max(-1, keepdims=True), out=out)
    numpy.exp(y, out=y)
    y /= y.sum(-1, keepdims=True)
    return y


def softmax(job, operands, results):
    x = operands["x"]
    y = results["y"] = numpy.empty_like(x)
    if not job["backward"]:
        return lambda: softmax_of(x, y)
    g = operands["g"]
    dx = results["dx"] = numpy.empty_like(x)

    def run():
        softmax_of(x, y)
        numpy.subtract(g, numpy.einsum("ij,ij->i", g, y)[:, None], out=dx)
        numpy.multiply(dx, y, out=dx)

    return run


def layer_norm(job, operands, results):
    x, gamma, beta = operands["x"], operands["gamma"], operands["beta"]
    width = x.shape[-1]
    y = results["y"] = numpy.empty_like(x)
    normalized = numpy.empty_like(x)

    def forward():
        numpy.subtract(x, x.mean(-1, keepdims=True), out=normalized)
        scale = 1 / numpy.sqrt(numpy.einsum("ij,ij->i", normalized, normalized)[:, None] / width + x.dtype.type(1e-5))
        numpy.multiply(normalized, scale, out=normalized)
        numpy.multiply(normalized, gamma, out=y)
        numpy.add(y, beta, out=y)
        return scale

    if not job["backward"]:
        return forward
    g = operands["g"]
    dx = results["dx"] = numpy.empty_like(x)

    def run():
        scale = forward()
        results["dgamma"] = numpy.einsum("ij,ij->j", g, normalized)
        results["dbeta"] = g.sum(0)
        numpy.multiply(g, gamma, out=dx)
        mean = dx.mean(-1, keepdims=True)
        projection = numpy.einsum("ij,ij->i", dx, normalized)[:, None] / width
        numpy.subtract(dx, mean, out=dx)
        numpy.subtract(dx, normalized * projection, out=dx)
        numpy.multiply(dx, scale, out=dx)

    return run


def cross_entropy_of(x, labels):
    """The loss and its gradient."""
    rows = numpy.arange(len(labels))
    p = softmax_of(x)
    loss = -numpy.log(p[rows, labels]).mean()
    p[rows, labels] -= 1
    p /= len(labels)
    return loss, p


def cross_entropy(_job, operands, results):
    x, labels = operands["x"], operands["labels"]

    def run():
        results["loss"], results["dx"] = cross_entropy_of(x, labels)

    return run


def mlp(job, operands, results):
    x, labels, rate = operands["x"], operands["labels"], job["learningRate"]
    layers = range(1, job["layers"] + 1)
    weights, biases = [operands[f"w{layer}"] for layer in layers], [operands[f"b{layer}"] for layer in layers]
    relu = job["activation"] == "relu"
    results.update({name: operands[name] for name in operands if name not in ("x", "labels")})

    def run():
        values = [x]
        for layer, (weight, bias) in enumerate(zip(weights, biases)):
            value = values[-1] @ weight
            value += bias
            if layer < len(weights) - 1:
                (numpy.maximum(value, 0, out=value) if relu else numpy.tanh(value, out=value))
            values.append(value)
        results["loss"], gradient = cross_entropy_of(values.pop(), labels)
        for weight, bias, value in zip(reversed(weights), reversed(biases), reversed(values)):
            below = gradient @ weight.T if value is not x else None
            change = value.T @ gradient
            change *= rate
            weight -= change
            bias -= rate * gradient.sum(0)
            if below is not None:
                below *= value > 0 if relu else 1 - value * value
            gradient = below

    return run


KINDS = {
    "matmul": matmul,
    "exp": elementwise,
    "tanh": elementwise,
    "chain": chain,
    "sum": total,
    "softmax": softmax,
    "layerNorm": layer_norm,
    "crossEntropy": cross_entropy,
    "mlp": mlp,
}

REASONS = {
    "gelu": "it has no error function",
    "cnn": "it has no convolution",
    "transformer": "it has no gradients",
}
