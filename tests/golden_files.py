"""What the programs share that make files of expected values: `make_*.py` beside the files.

    python3 tests/ops/make_neural.py            write the file
    python3 tests/ops/make_neural.py --check    exit with 1 unless it has these values

They take NumPy 2.4, SciPy 1.17 and PyTorch 2.13, in float64. Versions differ in last digits, which --check overlooks.
"""

import json
import math
import sys
from pathlib import Path


def stored(value):
    """Numbers as JSON has them: NaN, the infinities and, in float64, -0 are strings."""
    if isinstance(value, (list, tuple)):
        return [stored(each) for each in value]
    if isinstance(value, dict):
        return {key: stored(each) for key, each in value.items()}
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        if value == 0 and math.copysign(1, value) < 0:
            return "-0"
    return value


def restored(value):
    """Numbers of which `stored` has made strings."""
    return [restored(each) for each in value] if isinstance(value, list) else float(value)


def layout(value, indent=0):
    """JSON as `deno fmt` leaves it: a list on one line where it fits."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value:
        return line
    if isinstance(value, list) and len(line) + indent <= 100:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, list):
        parts = [layout(each, indent + 2) for each in value]
        return "[\n" + ",\n".join(inner + part for part in parts) + "\n" + " " * indent + "]"
    parts = [f"{json.dumps(key)}: {layout(each, indent + 2)}" for key, each in value.items()]
    return "{\n" + ",\n".join(inner + part for part in parts) + "\n" + " " * indent + "}"


def alike(x, y, tolerance=1e-13):
    """Whether values are the same but for last digits."""
    if isinstance(x, dict):
        return isinstance(y, dict) and x.keys() == y.keys() and all(alike(x[key], y[key], tolerance) for key in x)
    if isinstance(x, list):
        return isinstance(y, list) and len(x) == len(y) and all(alike(a, b, tolerance) for a, b in zip(x, y))
    if isinstance(x, (int, float)) and isinstance(y, (int, float)) and not isinstance(x, bool):
        return abs(x - y) <= tolerance * max(1, abs(x))
    return x == y


def finish(path, values, text):
    """Writes `text`, or looks whether the file at `path` has these values."""
    path = Path(path)
    if "--check" not in sys.argv:
        path.write_text(text)
        return
    lines = path.read_text()
    there = [json.loads(line) for line in lines.splitlines()] if path.suffix == ".jsonl" else json.loads(lines)
    if not alike(there, json.loads(json.dumps(values))):
        print(f"{path.name} has other values", file=sys.stderr)
        sys.exit(1)


def write_json(path, values):
    """A file that is one object."""
    finish(path, values, layout(values) + "\n")


def write_lines(path, values, separators=(", ", ": ")):
    """A file with an object on each line."""
    lines = [json.dumps(each, ensure_ascii=False, separators=separators) for each in values]
    finish(path, values, "".join(line + "\n" for line in lines))
