#!/usr/bin/env python3
"""The text classifiers of `nlptool train` in PyTorch: accuracy, time and peak memory on the same data.

    pip install torch tokenizers numpy
    python scripts/peers/classify_torch.py imdb/train.tsv --test imdb/test.tsv --text-column 4 --model cnn --epochs 5
    python scripts/peers/classify_torch.py mr/rt-polarity.all --format label-first --folds 10 --model cnn

Written as a careful user of PyTorch would: words by Hugging Face's pre-tokenizer, batches of texts of about one length,
fused Adam, no gradient in evaluation, the epoch that does best on validation texts. The same sizes, dropout, clipping,
vocabulary, patience and stratified splits as nlptool's defaults. To let glibc keep freed memory, which makes PyTorch
faster on a CPU, set MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 MALLOC_TOP_PAD_=268435456. Prints one JSON
object.
"""

import argparse
import collections
import copy
import json
import resource
import statistics
import time

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import normalizers, pre_tokenizers
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

PADDING, UNKNOWN, FIRST_WORD = 0, 1, 2


def read(path, arguments):
    """Texts and labels, of TSV without quoting (columns count from 1) or of lines `label text`."""
    texts, labels = [], []
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            line = line.rstrip("\r\n")
            if not line:
                continue
            if arguments.format == "label-first":
                label, _, text = line.partition(" ")
            else:
                fields = line.split("\t")
                text, label = fields[arguments.text_column - 1], fields[arguments.label_column - 1]
            texts.append(text)
            labels.append(label)
    if arguments.skip_header:
        del texts[0], labels[0]
    return texts, labels


def make_splitter(unit):
    lower = normalizers.Lowercase()
    if unit == "character":
        return lambda text: [c for c in lower.normalize_str(text) if not c.isspace()]
    splitter = pre_tokenizers.BertPreTokenizer()
    return lambda text: [word for word, _ in splitter.pre_tokenize_str(lower.normalize_str(text))]


def build_vocabulary(tokens, size, minimum_count):
    counts = collections.Counter(word for text in tokens for word in text)
    kept = [word for word, count in counts.most_common(size - FIRST_WORD) if count >= minimum_count]
    return {word: FIRST_WORD + index for index, word in enumerate(kept)}


def encode(tokens, vocabulary, maximum):
    """Ids as arrays; of longer texts the first and the last half."""
    encoded = []
    for text in tokens:
        ids = np.array([vocabulary.get(word, UNKNOWN) for word in text] or [UNKNOWN], dtype=np.int32)
        if len(ids) > maximum:
            head = (maximum + 1) // 2
            ids = np.concatenate([ids[:head], ids[len(ids) - (maximum - head):]])
        encoded.append(ids)
    return encoded


class TextCNN(nn.Module):
    def __init__(self, vocabulary, classes, embedding=128, filters=100, widths=(3, 4, 5), dropout=0.5):
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
    def __init__(self, vocabulary, classes, kind, embedding=128, hidden=128, dropout=0.5, embedding_dropout=0.3):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding, padding_idx=PADDING)
        cell = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[kind.removeprefix("bi")]
        self.recurrent = cell(embedding, hidden, batch_first=True, bidirectional=kind.startswith("bi"))
        self.embedding_dropout = embedding_dropout
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden * (2 if kind.startswith("bi") else 1), classes)

    def forward(self, ids, lengths):
        # Dropped are numbers of words, the same ones wherever a word stands in the batch.
        weight = F.dropout(self.embedding.weight, self.embedding_dropout) if self.training else self.embedding.weight
        packed = pack_padded_sequence(F.embedding(ids, weight), lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.recurrent(packed)[0], batch_first=True, padding_value=float("-inf"))
        return self.output(self.dropout(states.amax(dim=1)))


class Average(nn.Module):
    def __init__(self, vocabulary, classes, embedding=128, hidden=128, dropout=0.5):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding, padding_idx=PADDING)
        self.hidden = nn.Linear(embedding, hidden)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, classes)

    def forward(self, ids, lengths):
        mean = self.embedding(ids).sum(dim=1) / lengths[:, None]
        return self.output(self.dropout(torch.relu(self.hidden(mean))))


def make_model(name, vocabulary, classes):
    if name == "cnn":
        model = TextCNN(vocabulary, classes)
    elif name == "mlp":
        model = Average(vocabulary, classes)
    else:
        model = RecurrentClassifier(vocabulary, classes, name)
    nn.init.normal_(model.embedding.weight, std=0.1)
    with torch.no_grad():
        model.embedding.weight[PADDING] = 0
    return model


def batches(encoded, indices, size, generator=None):
    """Indices of texts of about one length, in random order with a generator."""
    order = sorted(indices, key=lambda index: len(encoded[index]))
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


def judge(model, encoded, targets, indices):
    """Accuracy and mean loss."""
    model.eval()
    right, loss = 0, 0.0
    with torch.inference_mode():
        for group in batches(encoded, indices, 128):
            scores = model(*padded(encoded, group))
            right += int((scores.argmax(1) == targets[group]).sum())
            loss += float(F.cross_entropy(scores, targets[group], reduction="sum"))
    return right / max(len(indices), 1), loss / max(len(indices), 1)


def hold_out(targets, indices, share, generator):
    """A share of each class, and the rest."""
    kept, held = [], []
    for label in sorted(set(targets[indices].tolist())):
        own = generator.permutation([index for index in indices if targets[index] == label])
        count = min(len(own) - 1, max(1, round(len(own) * share)))
        held += own[:count].tolist()
        kept += own[count:].tolist()
    return sorted(kept), sorted(held)


def train(tokens, targets, learning, judging, classes, arguments, generator):
    """The model of the best epoch, the vocabulary's ids of all texts, and the seconds of the epochs."""
    vocabulary = build_vocabulary([tokens[index] for index in learning], 30_000, arguments.minimum_count)
    maximum = arguments.maximum_length or (4096 if arguments.model in ("cnn", "mlp") else 400)
    encoded = encode(tokens, vocabulary, maximum)
    model = make_model(arguments.model, len(vocabulary) + FIRST_WORD, classes)
    optimizer = torch.optim.Adam(model.parameters(), lr=arguments.learning_rate, fused=True)
    best, best_state, worse, seconds = None, None, 0, []
    for _ in range(arguments.epochs):
        begin = time.time()
        model.train()
        for group in batches(encoded, learning, arguments.batch_size, generator)[: arguments.steps]:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(*padded(encoded, group)), targets[group])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5)
            optimizer.step()
        seconds.append(time.time() - begin)
        if arguments.steps is not None or not judging:
            continue
        accuracy, loss = judge(model, encoded, targets, judging)
        if best is None or (accuracy, -loss) > best:
            best, best_state, worse = (accuracy, -loss), copy.deepcopy(model.state_dict()), 0
        else:
            worse += 1
            if worse >= arguments.patience:
                break
    if best_state is not None:
        model.load_state_dict(best_state)
    return model, encoded, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train")
    parser.add_argument("--validation")
    parser.add_argument("--test")
    parser.add_argument("--folds", type=int)
    parser.add_argument("--format", choices=["tsv", "label-first"], default="tsv")
    parser.add_argument("--text-column", type=int, default=2)
    parser.add_argument("--label-column", type=int, default=1)
    parser.add_argument("--skip-header", action="store_true")
    parser.add_argument("--unit", choices=["word", "character"], default="word")
    parser.add_argument("--model", choices=["cnn", "mlp", "rnn", "birnn", "lstm", "bilstm", "gru", "bigru"], default="cnn")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--patience", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--minimum-count", type=int, default=2)
    parser.add_argument("--maximum-length", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, help="end each epoch after so many steps and judge nothing, for the memory alone")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    generator = np.random.default_rng(arguments.seed)
    imported = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.time()
    split = make_splitter(arguments.unit)
    parts = {name: read(path, arguments) for name, path in
             [("train", arguments.train), ("validation", arguments.validation), ("test", arguments.test)] if path}
    names = sorted(set(parts["train"][1]))
    tokens = [split(text) for texts, _ in parts.values() for text in texts]
    targets = torch.tensor([names.index(label) for _, labels in parts.values() for label in labels])
    places, position = {}, 0
    for name, (texts, _) in parts.items():
        places[name] = list(range(position, position + len(texts)))
        position += len(texts)
    del parts
    prepared = time.time() - start

    result = {"model": arguments.model, "seed": arguments.seed}
    if arguments.folds:
        folds = [[] for _ in range(arguments.folds)]
        order = [index for label in range(len(names))
                 for index in generator.permutation([i for i in places["train"] if targets[i] == label])]
        for place, index in enumerate(order):
            folds[place % arguments.folds].append(int(index))
        accuracies = []
        for fold in folds:
            rest = sorted(set(places["train"]) - set(fold))
            learning, judging = hold_out(targets, rest, 0.1, generator)
            model, encoded, _ = train(tokens, targets, learning, judging, len(names), arguments, generator)
            accuracies.append(judge(model, encoded, targets, fold)[0])
        result |= {"accuracy": statistics.mean(accuracies), "folds": accuracies}
    else:
        learning, judging = places["train"], places.get("validation")
        if judging is None:
            learning, judging = hold_out(targets, learning, 0.1, generator)
        model, encoded, seconds = train(tokens, targets, learning, judging, len(names), arguments, generator)
        if arguments.steps is None and "test" in places:
            result["accuracy"] = judge(model, encoded, targets, places["test"])[0]
        result |= {"epoch_s": [round(x, 1) for x in seconds]}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result |= {"prepare_s": round(prepared, 1), "wall_s": round(time.time() - start, 1), "peak_mb": round(peak, 1),
               "peak_after_import_mb": round(imported, 1)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
