#!/usr/bin/env python3
"""Compares the pre-tokenizer UnicodeScripts with that of the package `tokenizers` on all scalars between letters of many scripts,
and on random strings: script_runs.py --nlptool .build/release/nlptool. Prints how many lines differ, and the first of them.
"""

import argparse
import json
import pathlib
import random
import subprocess
import tempfile

from tokenizers import Tokenizer, models, pre_tokenizers

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--nlptool", default=".build/release/nlptool")
parser.add_argument("--random", type=int, default=200000)
arguments = parser.parse_args()

tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.UnicodeScripts()
scalars = [c for c in range(0x30000) if c not in (0, 10, 13) and not 0xD800 <= c < 0xE000] + list(range(0xE0000, 0xE0200))
lines = [letters.replace("?", chr(c)) for letters in ("a?б?漢?α?अ", "1?\u0301?ا?ა?カ?ㄅ?한?ก") for c in scalars]
numbers = random.Random(1)
for _ in range(arguments.random):
    pool = scalars[:0x3200] if numbers.random() < 0.9 else scalars
    lines.append("".join(chr(numbers.choice(pool)) for _ in range(numbers.randint(1, 6))))

with tempfile.TemporaryDirectory() as folder:
    file, text = pathlib.Path(folder, "tokenizer.json"), pathlib.Path(folder, "text")
    tokenizer.save(str(file))
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
    output = subprocess.run(
        [arguments.nlptool, "tokenize", str(text), "--tokenizer", str(file), "--format", "jsonl", "--offset-unit", "scalars"],
        capture_output=True, check=True).stdout.decode("utf-8")
ours = [[tuple(o) for o in json.loads(line)["offsets"]] for line in output.split("\n") if line]
assert len(ours) == len(lines)
differing = [i for i, line in enumerate(lines) if tokenizer.encode(line).offsets != ours[i]]
print(f"{len(lines)} lines, {len(differing)} differ")
for i in differing[:5]:
    print(repr(lines[i]), ours[i], tokenizer.encode(lines[i]).offsets)
