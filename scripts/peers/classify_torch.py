#!/usr/bin/env python3
"""The text classifiers of `nlptool train-sentiment` in PyTorch: accuracy, time and peak memory on the same data.

    pip install torch tokenizers numpy
    python scripts/peers/imdb_torch.py TRAIN.tsv TEST.tsv --model cnn --epochs 5 --text-column 4 --label-column 1

Written as a careful user of PyTorch would: words by Hugging Face's pre-tokenizer, batches of texts of about one length,
fused Adam, no gradient in evaluation. The same sizes, dropout, clipping and vocabulary as nlptool's defaults. To let
glibc keep freed memory, which makes PyTorch faster on a CPU, set MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000
MALLOC_TOP_PAD_=268435456. Prints one JSON object.
"""

import argparse
import collections
import json
import resource
import time

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import normalizers, pre_tokenizers
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

PADDING, UNKNOWN, FIRST_WORD = 0, 1, 2


def read(path, text_column, label_column):
    """Texts and labels of a TSV file without quoting; columns count from 1."""
    texts, labels = [], []
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            fields = line.rstrip("\r\n").split("\t")
            texts.append(fields[text_column - 1])
            labels.append(fields[label_column - 1])
    return texts, labels


def words(text, normalizer=normalizers.Lowercase(), splitter=pre_tokenizers.BertPreTokenizer()):
    return [word for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))]


def build_vocabulary(texts, size, minimum_count):
    counts = collections.Counter(word for text in texts for word in words(text))
    kept = [word for word, count in counts.most_common(size - FIRST_WORD) if count >= minimum_count]
    return {word: FIRST_WORD + index for index, word in enumerate(kept)}


def encode(texts, vocabulary, maximum):
    """Ids as arrays; of longer texts the first and the last half."""
    encoded = []
    for text in texts:
        ids = np.array([vocabulary.get(word, UNKNOWN) for word in words(text)] or [UNKNOWN], dtype=np.int32)
        if len(ids) > maximum:
            head = (maximum + 1) // 2
            ids = np.concatenate([ids[:head], ids[len(ids) - (maximum - head):]])
        encoded.append(ids)
    return encoded


class TextCNN(nn.Module):
    def __init__(self, vocabulary, embedding, filters, widths, classes, dropout):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding, padding_idx=PADDING)
        self.convolutions = nn.ModuleList(nn.Conv1d(embedding, filters, width) for width in widths)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(filters * len(widths), classes)
        self.shortest = max(widths)

    def forward(self, ids, lengths):
        if ids.shape[1] < self.shortest:
            ids = F.pad(ids, (0, self.shortest - ids.shape[1]))
        x = self.embedding(ids).transpose(1, 2)
        pooled = [F.relu(layer(x)).amax(dim=2) for layer in self.convolutions]
        return self.output(self.dropout(torch.cat(pooled, dim=1)))


class RecurrentClassifier(nn.Module):
    def __init__(self, vocabulary, embedding, hidden, classes, dropout, bidirectional):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding, padding_idx=PADDING)
        self.lstm = nn.LSTM(embedding, hidden, batch_first=True, bidirectional=bidirectional)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden * (2 if bidirectional else 1), classes)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, padding_value=float("-inf"))
        return self.output(self.dropout(states.amax(dim=1)))


def batches(encoded, size, generator=None):
    """Indices of texts of about one length, in random order with a generator."""
    order = sorted(range(len(encoded)), key=lambda index: len(encoded[index]))
    groups = [order[first:first + size] for first in range(0, len(order), size)]
    if generator is not None:
        generator.shuffle(groups)
    return groups


def padded(encoded, group):
    lengths = torch.tensor([len(encoded[index]) for index in group])
    ids = torch.zeros(len(group), int(lengths.max()), dtype=torch.long)
    for row, index in enumerate(group):
        ids[row, : len(encoded[index])] = torch.from_numpy(encoded[index])
    return ids, lengths


def accuracy(model, encoded, targets):
    model.eval()
    with torch.inference_mode():
        right = sum(int((model(*padded(encoded, group)).argmax(1) == targets[group]).sum()) for group in batches(encoded, 128))
    return right / len(encoded)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--model", choices=["cnn", "lstm", "bilstm"], default="cnn")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--text-column", type=int, default=2)
    parser.add_argument("--label-column", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--maximum-length", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, help="end after so many steps and leave the test out, to see the memory only")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    imported = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.time()
    maximum = arguments.maximum_length or (4096 if arguments.model == "cnn" else 400)
    texts, labels = read(arguments.train, arguments.text_column, arguments.label_column)
    vocabulary = build_vocabulary(texts, 30_000, 2)
    names = sorted(set(labels))
    encoded = encode(texts, vocabulary, maximum)
    targets = torch.tensor([names.index(label) for label in labels])
    del texts, labels
    prepared = time.time() - start

    if arguments.model == "cnn":
        model = TextCNN(len(vocabulary) + FIRST_WORD, 128, 100, [3, 4, 5], len(names), 0.5)
    else:
        model = RecurrentClassifier(len(vocabulary) + FIRST_WORD, 128, 128, len(names), 0.5, arguments.model == "bilstm")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    generator = np.random.default_rng(arguments.seed)
    epochs = []
    for _ in range(arguments.epochs):
        begin = time.time()
        model.train()
        for group in batches(encoded, arguments.batch_size, generator)[: arguments.steps]:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(*padded(encoded, group)), targets[group])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5)
            optimizer.step()
        epochs.append(time.time() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    result = None
    if arguments.steps is None:
        texts, labels = read(arguments.test, arguments.text_column, arguments.label_column)
        result = accuracy(model, encode(texts, vocabulary, maximum), torch.tensor([names.index(x) for x in labels]))
    print(json.dumps({
        "model": arguments.model, "accuracy": result, "prepare_s": round(prepared, 1),
        "epoch_s": [round(x, 1) for x in epochs], "peak_mb": round(peak, 1), "peak_after_import_mb": round(imported, 1)}))


if __name__ == "__main__":
    main()
