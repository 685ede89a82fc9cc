#!/usr/bin/env python3
"""Compares fastText with nlptool on a model of fastText and a file of texts: fasttext_predict.py MODEL TEXTS [NLPTOOL]

TEXTS has one text a line, with labels or without; NLPTOOL is the command, .build/release/nlptool without it. Prints how
many texts get the same first label, how far the probabilities are apart at most, and how long both take: fastText in its
C++ loop over the lines, nlptool as a command that loads the model, reads and writes, with one thread and with all.
"""
import json
import os
import subprocess
import sys
import time

import fasttext

fasttext.FastText.eprint = lambda *arguments, **names: None


def timed(call, repeats=5):
    """The result and the least seconds of some calls."""
    best, result = float("inf"), None
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        best = min(best, time.perf_counter() - start)
    return result, best


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    path, texts = sys.argv[1:3]
    nlptool = sys.argv[3] if len(sys.argv) > 3 else ".build/release/nlptool"
    with open(texts, "rb") as f:
        lines = [line.rstrip(b"\n").decode() + "\n" for line in f]
    model, load = timed(lambda: fasttext.load_model(path), 3)
    size = sum(len(line.encode()) for line in lines) / 1e6
    print(f"{os.path.getsize(path) / 1e6:.1f} MB of model, {len(lines)} texts of {size:.1f} MB")

    # The bindings' own loop over texts: plain lists, which NumPy 2 does not disturb.
    (_, theirs), seconds = timed(lambda: model.f.multilinePredict(lines, 1, 0.0, "strict"))
    assert len(theirs) == len(lines)
    print(f"fastText: {load:.3f} s to load, {seconds:.3f} s to predict, {size / seconds:.1f} MB/s, one thread")

    def command(*further):
        run = subprocess.run([nlptool, "predict", path, "-", "--quiet", *further], input="".join(lines).encode(),
                             stdout=subprocess.PIPE, check=True)
        return run.stdout.decode().splitlines()
    for threads in (1, os.cpu_count()):
        _, seconds = timed(lambda: command("--threads", str(threads)))
        print(f"nlptool: {seconds:.3f} s for all, {size / seconds:.1f} MB/s, {threads} threads")

    same, apart, different = 0, 0.0, []
    for number, (line, text) in enumerate(zip(lines, command("--format", "jsonl", "-k", "1"))):
        answer = json.loads(text)
        expected = model.f.predict(line, 1, 0.0, "strict")
        own = answer["labels"]
        wanted = [label.removeprefix("__label__") for _, label in expected]
        if own == wanted:
            same += 1
            if own:
                apart = max(apart, abs(answer["probabilities"][own[0]] - expected[0][0]))
        else:
            different.append((number + 1, wanted, own))
    print(f"same first label: {same} of {len(lines)}; probabilities at most {apart:.1e} apart")
    for line, wanted, own in different[:10]:
        print(f"  line {line}: fastText {wanted}, nlptool {own}")
    sys.exit(1 if different or apart > 1e-5 else 0)


main()
