#!/usr/bin/env python3
"""Judges exported models: ONNX files by onnx.checker and ONNX Runtime, model.py of PyTorch by running it, packages for Core
ML by coremltools and by computing their programs (coreml.py).

check.py [--nlptool PATH] [--cases GLOB] [--quick] [--work DIR]

Trains a small model of every kind on corpora/, or loads weights by formula into every network for images, exports it, and
compares what ONNX Runtime makes of it with what nlptool (texts) or PyTorch (images: the fixtures) makes: the largest
difference of logits relative to the largest logit, at most 1e-5 for texts and 1e-4 for images, in batches of several sizes
with anything at all behind the lengths, and the labels of a whole test set. Prints a line for each case; exits with 1 where
one fails. Needs onnx, onnxruntime, numpy and safetensors;
what needs torch, coremltools, tokenizers or PyICU is left out where those are missing. Core ML itself is not run.
"""
import argparse
import fnmatch
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from safetensors import safe_open
from safetensors.numpy import save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/fixtures"))
from formula import parameter_array, uniform_array  # noqa: E402

IMAGES = safe_open(ROOT / "Tests/ImageModelsTests/Fixtures/image-networks.safetensors", "numpy")
HAS_TORCH = importlib.util.find_spec("torch") is not None
HAS_COREMLTOOLS = HAS_TORCH and importlib.util.find_spec("coremltools") is not None
HAS_ICU = importlib.util.find_spec("icu") is not None
HAS_TOKENIZERS = importlib.util.find_spec("tokenizers") is not None
# What each of the packages that are not there would judge.
JUDGED = {"torch": "model.py", "coremltools": "packages for Core ML", "icu": "tokenizer.py (PyICU)", "tokenizers": "tokenizer.json"}
ENGLISH, CHINESE = (ROOT / "corpora" / f"sentiment-{language}" for language in ("en", "zh"))
SMALL = ["--epochs", "1", "--quiet", "--seed", "7"]
RECURRENT = ["--embedding-size", "24", "--hidden-size", "20"]
TEXTS = {
    "mlp": ["--model", "mlp", "--hidden-sizes", "32,16"],
    "rnn": ["--model", "rnn", *RECURRENT], "birnn": ["--model", "birnn", *RECURRENT, "--pooling", "mean"],
    "gru": ["--model", "gru", *RECURRENT, "--layers", "2"], "bigru": ["--model", "bigru", *RECURRENT, "--pooling", "last"],
    "lstm": ["--model", "lstm", *RECURRENT, "--pooling", "last"],
    "bilstm": ["--model", "bilstm", *RECURRENT, "--layers", "2", "--pooling", "max-mean"],
    "bilstm-attention": ["--model", "bilstm", *RECURRENT, "--pooling", "attention"],
    "bilstm-last": ["--model", "bilstm", *RECURRENT, "--layers", "2", "--pooling", "last"],
    "cnn": ["--model", "cnn", "--embedding-size", "24", "--filters", "12"],
    "cnn-multichannel": ["--model", "cnn", "--embedding-size", "24", "--filters", "12", "--embedding-mode", "multichannel", "--pretrain", "1"],
    "dpcnn": ["--model", "dpcnn", "--embedding-size", "24", "--filters", "16", "--blocks", "3"],
    "charcnn": ["--model", "charcnn", "--embedding-size", "8", "--filters", "16"],
    "rcnn": ["--model", "rcnn", *RECURRENT],
    "bag": ["--model", "bag", "--embedding-size", "16"],
    "bag-tree": ["--model", "bag", "--embedding-size", "16", "--bag-loss", "hierarchical-softmax"],
    "bag-each": ["--model", "bag", "--embedding-size", "16", "--bag-loss", "one-versus-all"],
    "bag-sampled": ["--model", "bag", "--embedding-size", "16", "--bag-loss", "negative-sampling"],
    "chinese-cnn": ["--model", "cnn", "--unit", "character", "--embedding-size", "24", "--filters", "12"],
    "whitespace-mlp": ["--model", "mlp", "--unit", "whitespace", "--hidden-sizes", "32"],
    "normalized-mlp": ["--model", "mlp", "--normalize", "nfkc", "--strip-accents", "--hidden-sizes", "32"],
    "multi-label": ["--model", "gru", *RECURRENT, "--multi-label"],
    "regression": ["--model", "cnn", "--embedding-size", "24", "--filters", "12", "--regression"],
}
# Short ones, and what tokenizers make mistakes with.
UNUSUAL = ["good", "", "a b c d e", "!", "\ufeffÉTÉ ﬁn caffè ΟΔΟΣ\u00a0İstanbul", "這部電影 👩‍👩‍👧 really 很好。 สวัสดีครับ",
           "是对的(´▽`) ¨o¨ x\u2003\u0948y"]
LANGUAGE_MODELS = {"language-model-lstm": ["--model", "lstm"], "language-model-gru": ["--model", "gru"]}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--nlptool", default=str(ROOT / ".build/release/nlptool"))
parser.add_argument("--cases", default="*", help="glob over the names of the cases")
parser.add_argument("--quick", action="store_true", help="of the large networks only some")
parser.add_argument("--work", help="folder for models and files; a temporary one unless given")
arguments = parser.parse_args()
failures = 0


def nlptool(*command, text=None):
    result = subprocess.run([arguments.nlptool, *map(str, command)], input=text, capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"nlptool {' '.join(map(str, command))}: {result.stderr.strip()}")
    return result.stdout


def session(path):
    onnx.checker.check_model(str(path), full_check=True)
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def report(case, difference, bound, note=""):
    global failures
    fails = not difference <= bound
    failures += fails
    print(f"{case:36} {difference:9.1e} of {bound:.0e}  {'FAILS' if fails else 'ok':5} {note}", flush=True)


def exported(case, model, work, *options):
    path = work / f"{case}.onnx"
    nlptool("export", model, "--to", "onnx", "--output", path, "--force", "--quiet", *options)
    return path


def check_bytes(case, model, work, inputs, bound):
    """Weights in bytes with DequantizeLinear: what the model gives whose weights nlptool quantize rounded."""
    rounded = work / "rounded"
    nlptool("quantize", model, "--output", rounded, "--force", "--quiet")
    whole, small = exported(f"{case}-whole", rounded, work), exported(f"{case}-int8", model, work, "--int8")
    size = small.stat().st_size / whole.stat().st_size
    results = [run.run(["logits"], inputs)[0] for run in (session(whole), session(small))]
    report(f"{case} in bytes", np.abs(results[0] - results[1]).max() / np.abs(results[0]).max(), bound, f"{100 * size:.0f} % of the size")
    for file in (whole, small, *rounded.iterdir()):
        file.unlink()


def check_steps(case, corpora, work):
    """A network for images whose layers know the range of their inputs: QuantizeLinear and DequantizeLinear around both.

    nlptool and ONNX Runtime cut what layers see into the same 256 steps, but where sums are formed in another order a number
    may fall on the other side of a step, and a step is a step in all that follows. So the mean difference of the logits is
    judged, beside what rounding does to the model itself, and labels must be equal but where two are nearly so.
    """
    model, small = work / f"model-{case}", work / f"steps-{case}"
    nlptool("import-weights", "--architecture", "resnet20-cifar", "--weights", corpora / "resnet_cifar10/resnet20.safetensors",
            "--output", model, "--force", "--quiet")
    pictures = corpora / "cifar10/data_batch_1.first4000.bin"
    nlptool("quantize", model, "--calibrate", corpora / "cifar10/train", "--output", small, "--force", "--quiet")
    run = session(exported(case, small, work))
    answers = [[list(json.loads(line)["logits"].values()) for line in nlptool(
        "predict", which, pictures, "--format", "jsonl", "--logits", "--quiet").splitlines()] for which in (model, small)]
    whole, rounded = (np.array(logits, np.float32) for logits in answers)
    preparation = json.loads(run.get_modelmeta().custom_metadata_map["nlptool.preparation"])["normalization"]
    mean, deviation = (np.array(preparation[key], np.float32).reshape(1, 3, 1, 1) for key in ("mean", "deviation"))
    images = np.fromfile(pictures, np.uint8).reshape(-1, 3073)[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32)
    images = (images / 255 - mean) / deviation
    made = np.concatenate([run.run(["logits"], {"image": images[i:i + 100]})[0] for i in range(0, len(images), 100)])
    scale = np.abs(rounded).mean()
    top = np.sort(rounded, axis=1)
    equal = made.argmax(1) == rounded.argmax(1)
    tied = top[:, -1] - top[:, -2] < 0.1 * scale
    note = (f"{len(images)} images, labels equal: {int(equal.sum())}, nearly tied: {int((~equal & tied).sum())}; "
            f"rounding itself {np.abs(whole - rounded).mean() / scale:.1e}")
    report(case, np.abs(made - rounded).mean() / scale if (equal | tied).all() else float("nan"), 5e-3, note)


def check_tokenizer(case, model, answers, texts, work):
    """tokenizer.py, and tokenizer.json where there is one, give the ids that nlptool gives."""
    global failures
    if not (HAS_ICU or HAS_TOKENIZERS):
        return
    folder = work / f"tokenizer-{case}"
    nlptool("export", model, "--output", work / f"{case}.onnx", "--with-tokenizer", folder, "--force", "--quiet")
    ways = {}
    if HAS_ICU:
        code = {"__file__": str(folder / "tokenizer.py"), "__name__": "tokenizer"}
        exec(compile((folder / "tokenizer.py").read_text(), "tokenizer.py", "exec"), code)
        ways["PyICU"] = code["ids"]
    if HAS_TOKENIZERS and (folder / "tokenizer.json").exists():
        from tokenizers import Tokenizer
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        # Of an empty text there are no ids here, nlptool pads it.
        ways["tokenizers"] = lambda text: tokenizer.encode(text).ids
    wrong, notes = 0, []
    for way, ids in ways.items():
        pairs = [(text, answer["ids"]) for text, answer in zip(texts, answers) if text or way == "PyICU"]
        equal = sum(ids(text) == expected for text, expected in pairs)
        wrong += len(pairs) - equal
        notes.append(f"{equal} of {len(pairs)} texts have the same ids by {way}")
    if not ways:
        return
    note = ", ".join(notes)
    failures += wrong > 0
    print(f"{case + ', tokenizer':36} {'FAILS' if wrong else 'ok'}: {note}", flush=True)


def check_pytorch(case, model, work, bound):
    """model.py computes its example as nlptool did."""
    if not HAS_TORCH:
        return
    folder = work / f"torch-{case}"
    nlptool("export", model, "--to", "pytorch", "--output", folder, "--force", "--quiet")
    result = subprocess.run([sys.executable, folder / "model.py"], capture_output=True, text=True)
    last = result.stdout.splitlines()[-1] if result.stdout else result.stderr.splitlines()[-1]
    report(f"{case} in PyTorch", float(last.split()[-1]) if result.stdout else float("nan"), bound, "" if result.stdout else last)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def core_ml(case, model, work):
    """What coremltools makes of the model's package; nothing where it is missing."""
    if not HAS_COREMLTOOLS:
        return None
    from coreml import Package
    path = work / f"{case}.mlpackage"
    nlptool("export", model, "--to", "coreml", "--output", path, "--force", "--quiet")
    return Package(path)


def largest_difference(made, expected):
    return np.abs(made - expected).max() / np.abs(expected).max()


def check_core_ml_texts(case, model, work, answers, bound):
    """One text at a time: each tenth of the test set, and the unusual ones behind it."""
    package = core_ml(case, model, work)
    if package is None:
        return
    shown = answers[:-len(UNUSUAL) - 1:10] + answers[-len(UNUSUAL) - 1:]
    expected = numbers(shown)
    assert list(package.inputs) == ["ids"] and "one text at a time" in package.metadata["preprocessing"]
    outputs = [package.run(ids=np.array([answer["ids"]], np.int32)) for answer in shown]
    made = as_shown(np.concatenate([output["logits"] for output in outputs]), shown, package.metadata["activation"])
    note = f"{len(shown)} texts one by one"
    if "classLabel" in outputs[0]:
        labels = json.loads(package.metadata["labels"])
        assert all(output["classLabel"] == labels[row.argmax()] for output, row in zip(outputs, expected))
        note += ", labels equal"
    report(f"{case} for Core ML", largest_difference(made, expected), bound, note)


def numbers(answers):
    """What nlptool predict gives: logits, of bags probabilities."""
    kind = "logits" if "logits" in answers[0] else "probabilities"
    return np.array([list(answer[kind].values()) for answer in answers], np.float32)


def as_shown(logits, answers, activation):
    """Logits as nlptool predict gives them."""
    if "logits" in answers[0]:
        return logits
    if activation == "softmax":
        exponentials = np.exp(logits - logits.max(1, keepdims=True))
        return exponentials / exponentials.sum(1, keepdims=True)
    return 1 / (1 + np.exp(-logits))


def batches(rows, random):
    """Some rows at a time, padded with anything that is an id."""
    first = 0
    while first < len(rows):
        part = rows[first : first + int(random.choice([1, 2, 7, 32]))]
        first += len(part)
        longest = max(map(len, part)) + int(random.integers(0, 4))
        ids = random.integers(0, 3, (len(part), longest))
        for row, own in zip(ids, part):
            row[: len(own)] = own
        yield ids.astype(np.int64), np.array([len(own) for own in part], np.int64)


def check_text(case, options, work):
    corpus = CHINESE if case.startswith("chinese") else ENGLISH
    train, test = corpus / "train.tsv", corpus / "test.tsv"
    if case == "regression":
        train = work / "numbers.tsv"
        lines = (corpus / "train.tsv").read_text().splitlines()[1:]
        rated = [f"{len(line.split(chr(9))[1]) % 9 / 2}\t{line.split(chr(9))[1]}" for line in lines]
        train.write_text("label\ttext\n" + "\n".join(rated) + "\n")
    model = work / f"model-{case}"
    nlptool("train", train, *options, *SMALL, "--output", model, "--force")
    run = session(exported(case, model, work))
    metadata = {key.removeprefix("nlptool."): value for key, value in run.get_modelmeta().custom_metadata_map.items()}
    texts = [line.split("\t")[1] for line in test.read_text().splitlines()[1:]]
    texts += [" ".join(texts[:20]), *UNUSUAL]
    answers = [json.loads(line) for line in nlptool(
        "predict", model, "--format", "jsonl", "--logits", "--quiet", text="\n".join(texts) + "\n").splitlines()]
    assert len(answers) == len(texts)
    random = np.random.default_rng(1)
    made = np.concatenate([run.run(["logits"], {"ids": ids, "lengths": lengths})[0]
                           for ids, lengths in batches([answer["ids"] for answer in answers], random)])
    # Of bags probabilities, from the logarithms of those.
    expected, made = numbers(answers), as_shown(made, answers, metadata["activation"])
    note = f"{len(texts)} texts, labels equal: {int((made.argmax(1) == expected.argmax(1)).sum())}"
    report(case, largest_difference(made, expected), 1e-5, note)
    check_pytorch(case, model, work, 1e-5)
    check_core_ml_texts(case, model, work, answers, 1e-5)
    if not case.startswith("bag"):
        ids, lengths = next(batches([answer["ids"] for answer in answers], random))
        check_bytes(case, model, work, {"ids": ids, "lengths": lengths}, 1e-5)
        check_tokenizer(case, model, answers, texts, work)


def check_language_model(case, options, work):
    """Against itself: a text at once and word by word with the states carried on, padded or not."""
    texts = [line.split("\t")[1] for line in (ENGLISH / "train.tsv").read_text().splitlines()[1:]]
    data = work / "texts.txt"
    data.write_text("\n".join(texts) + "\n")
    model = work / f"model-{case}"
    nlptool("train-language-model", data, *options, "--embedding-size", 16, "--hidden-size", 20, "--layers", 2, *SMALL,
            "--output", model, "--force")
    run = session(exported(case, model, work))
    states = {i.name: np.zeros((1, 2, 20), np.float32) for i in run.get_inputs() if i.name not in ("ids", "lengths")}
    random = np.random.default_rng(2)
    ids = random.integers(0, 50, (2, 9)).astype(np.int64)
    lengths = np.array([9, 5], np.int64)
    whole = run.run(None, {"ids": ids, "lengths": lengths, **states})[0]
    worst, names = 0, [output.name for output in run.get_outputs()]
    for step in range(9):
        outputs = dict(zip(names, run.run(None, {"ids": ids[:, step:step + 1], "lengths": np.ones(2, np.int64), **states})))
        states = {name: outputs["next_" + name] for name in states}
        for row in range(2):
            if step < lengths[row]:
                worst = max(worst, np.abs(outputs["logits"][row, 0] - whole[row, step]).max())
    report(case, worst / np.abs(whole).max(), 1e-5, "word by word")
    states = {name: np.zeros_like(state) for name, state in states.items()}
    check_core_ml_language_model(case, model, work, ids[0], whole[0])
    check_bytes(case, model, work, {"ids": ids, "lengths": lengths, **states}, 1e-5)
    check_pytorch(case, model, work, 1e-5)


def check_core_ml_language_model(case, model, work, ids, expected):
    """A text at once and word by word, against ONNX Runtime."""
    package = core_ml(case, model, work)
    if package is None:
        return
    states = {name: np.zeros([extent for extent, _ in ranges], np.float32)
              for name, ranges in package.inputs.items() if name != "ids"}
    ids = ids[None].astype(np.int32)
    made = [package.run(ids=ids, **states)["logits"][0]]
    rows = []
    for step in range(ids.shape[1]):
        outputs = package.run(ids=ids[:, step:step + 1], **states)
        states = {name: outputs["next_" + name] for name in states}
        rows.append(outputs["logits"][0, 0])
    made.append(np.stack(rows))
    worst = max(largest_difference(logits, expected) for logits in made)
    report(f"{case} for Core ML", worst, 1e-5, "at once and word by word")


def check_image(case, work):
    weights, model = work / "weights.safetensors", work / f"model-{case}"
    gain, scale = (float(IMAGES.metadata()[f"{case}.{key}"]) for key in ("gain", "input_scale"))
    about = json.loads(nlptool("info", case, "--json"))
    tensors = {tensor["name"]: parameter_array(tensor["name"], tensor["shape"], gain)
               for tensor in about["tensors"] + about["buffers"]}
    save_file(tensors, weights)
    nlptool("import-weights", "--architecture", case, "--weights", weights, "--output", model, "--force", "--quiet")
    path = exported(case, model, work)
    run = session(path)
    images = uniform_array("input", [int(extent) for extent in IMAGES.metadata()[f"{case}.input"].split(",")]) * np.float32(scale)
    expected = IMAGES.get_tensor(f"{case}.logits")
    made = run.run(["logits"], {"image": images})[0]
    pair = run.run(["logits"], {"image": np.concatenate([images, images])})[0]
    assert pair.shape[0] == 2 * len(images)
    report(case, largest_difference(made, expected), 1e-4, f"{path.stat().st_size >> 20} MB")
    for file in (path, weights):
        file.unlink()
    check_bytes(case, model, work, {"image": images}, 1e-4)
    check_pytorch(case, model, work, 1e-4)
    package = core_ml(case, model, work)
    if package:
        assert package.inputs["image"] == [(extent, extent) for extent in (1, *images.shape[1:])]
        made = np.concatenate([package.run(image=image[None])["logits"] for image in images])
        report(f"{case} for Core ML", largest_difference(made, expected), 1e-4)
        shutil.rmtree(work / f"{case}.mlpackage")
    for file in model.iterdir():
        file.unlink()


def main():
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(arguments.work or temporary)
        work.mkdir(parents=True, exist_ok=True)
        fixtures = (ROOT / "Tests/ImageModelsTests/Fixtures/image-network-parameters.txt").read_text().splitlines()
        images = [name for name in (line.split()[0] for line in fixtures) if not name.endswith("-auxiliary")]
        cases = ([(name, lambda name=name: check_text(name, TEXTS[name], work)) for name in TEXTS]
                 + [(name, lambda name=name: check_language_model(name, LANGUAGE_MODELS[name], work)) for name in LANGUAGE_MODELS]
                 + [(name, lambda name=name: check_image(name, work)) for name in images])
        corpora = os.environ.get("NLPTOOL_CORPORA")
        if corpora and (pathlib.Path(corpora) / "resnet_cifar10").exists():
            cases.append(("resnet20-cifar-steps", lambda: check_steps("resnet20-cifar-steps", pathlib.Path(corpora), work)))
        left_out = {"vgg11", "vgg13", "vgg19", "vgg11-bn", "vgg13-bn", "vgg16-bn", "vgg19-bn", "resnet101"} if arguments.quick else ()
        for package, files in JUDGED.items():
            if importlib.util.find_spec(package) is None:
                print(f"{package} is not there: {files} stays unjudged", flush=True)
        for name, check in cases:
            if fnmatch.fnmatch(name, arguments.cases) and name not in left_out:
                check()
    sys.exit(1 if failures else 0)


main()
