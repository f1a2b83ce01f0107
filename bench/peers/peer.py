"""PyTorch or NumPy as a process that does what it is asked on standard input (see protocol.ts):

    python3 peer.py pytorch|numpy THREADS
"""

import base64
import json
import os
import sys
import time

NAME, THREADS = sys.argv[1], int(sys.argv[2])
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(THREADS)
# Threads of OpenBLAS look for more work for 2^26 cycles, in which others are measured; 2^18 is longer than any gap here.
os.environ["OPENBLAS_THREAD_TIMEOUT"] = "18"

TURN_WARM_UP = 0.02  # as in serve.ts
SLOW_CALL = 0.1


class Missing(Exception):
    """Why a work is not done, in a few words."""


def send(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def draw(operand, seed):
    """The numbers that numbers.ts draws."""
    size = int(numpy.prod(operand["shape"], dtype=numpy.int64))
    bits = numpy.arange(size, dtype=numpy.uint32) + numpy.uint32(seed * 0x9E3779B9 % 2**32)
    bits = (bits ^ (bits >> numpy.uint32(16))) * numpy.uint32(0x7FEB352D)
    bits = (bits ^ (bits >> numpy.uint32(15))) * numpy.uint32(0x846CA68B)
    bits = bits ^ (bits >> numpy.uint32(16))
    if "classes" in operand:
        return (bits % operand["classes"]).astype(numpy.int32).reshape(operand["shape"])
    numbers = (bits >> numpy.uint32(8)) / 2**23 - 1
    return (numbers * operand["scale"] + operand.get("offset", 0)).astype(numpy.float32).reshape(operand["shape"])


def pack(results):
    packed = {}
    for name, values in results.items():
        values = numpy.asarray(values)
        bits = 64 if values.dtype == numpy.float64 else 32
        data = values.astype("<f8" if bits == 64 else "<f4").tobytes()
        packed[name] = {"bits": bits, "bytes": base64.b64encode(data).decode()}
    return packed


def repeat(run, seconds):
    """Seconds of a call, from as many as fill the given time, and at least one."""
    calls, start = 0, time.perf_counter()
    while True:
        run()
        calls += 1
        now = time.perf_counter()
        if now - start >= seconds:
            return (now - start) / calls


class Server:
    """Answers the questions of protocol.ts."""

    def __init__(self, works):
        self.works = works
        self.run = None
        self.estimate = 0

    def open(self, request):
        work = request["work"]
        seed = work.get("seed", 0) + 1
        operands = {name: draw(operand, seed + index) for index, (name, operand) in enumerate(work["operands"].items())}
        self.run, results = self.works(work["job"], operands, request["reference"])
        self.run()
        packed = pack(results())
        warm_up = request["warmUp"] / 1000
        if warm_up > 0:
            for _ in range(3):
                self.estimate = repeat(self.run, warm_up / 3)
        return {"opened": {"results": [packed], "estimate": self.estimate * 1000}}

    def time(self, request):
        run = self.run
        if self.estimate < SLOW_CALL:
            self.estimate = repeat(run, TURN_WARM_UP)
        calls = max(1, round(request["milliseconds"] / 1000 / self.estimate))
        start = time.perf_counter()
        for _ in range(calls):
            run()
        self.estimate = (time.perf_counter() - start) / calls
        return {"milliseconds": self.estimate * 1000}

    def close(self, _request):
        self.run = None
        return {"closed": True}

    def answer(self, request):
        try:
            return getattr(self, request["ask"])(request)
        except Missing as reason:
            return {"missing": str(reason)}
        except Exception as error:  # said to whoever asked
            return {"failed": f"{type(error).__name__}: {error}"}


try:
    import numpy

    if NAME == "pytorch":
        import peer_pytorch as library
    else:
        import peer_numpy as library
    version, works, threads = library.start(THREADS, Missing)
except ImportError as error:
    send({"missing": f"python3: {error}"})
    sys.exit()

send({"version": version, "threads": threads})
server = Server(works)
for line in sys.stdin:
    send(server.answer(json.loads(line)))
