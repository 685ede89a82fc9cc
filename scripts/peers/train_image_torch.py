#!/usr/bin/env python3
"""ResNet-20 for CIFAR-10 in PyTorch on the same images and in the same minutes as `nlptool train-image`.

    pip install torch numpy pillow
    python scripts/peers/train_image_torch.py CORPORA/cifar10 --cpu-minutes 60 --threads 1

Written as a careful user of PyTorch would: images decoded once into memory, augmentation of whole batches (crops with a
margin of 4, flips, squares of 8 cut out), channels last, SGD with momentum 0.9 and weight decay 0.0005, one cycle of the
rate up to 0.1, batches of 64: nlptool's settings. The number of epochs is what fits into the minutes of processor time, by
the time of the first steps. Prints a JSON line for each epoch: processor minutes so far, loss, accuracy on the test images.
"""
import argparse
import json
import os
import resource
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn


def cpu_minutes():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) / 60


def read(folder):
    """Images [N, 3, 32, 32] as bytes, and their classes in the order of the folders' names."""
    images, classes = [], []
    for number, name in enumerate(sorted(os.listdir(folder))):
        for file in sorted(os.listdir(os.path.join(folder, name))):
            with Image.open(os.path.join(folder, name, file)) as image:
                images.append(np.asarray(image.convert("RGB")).transpose(2, 0, 1))
            classes.append(number)
    return torch.from_numpy(np.stack(images)), torch.tensor(classes)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.added = stride, outputs - inputs

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1 or self.added:
            # Option A of the paper: every second pixel, channels of zeros.
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.added // 2, self.added - self.added // 2))
        return F.relu(y + x)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        widths = [16] * 4 + [32] * 3 + [64] * 3
        self.blocks = nn.Sequential(*(Block(a, b, 1 if a == b else 2) for a, b in zip(widths, widths[1:])))
        self.linear = nn.Linear(64, 10)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn1(self.conv1(x))))
        return self.linear(x.mean((2, 3)))


def augment(images, random):
    """Crops, flips and cut-out squares of a batch that is normalised, by numbers of `random`."""
    count = len(images)
    padded = F.pad(images, (4, 4, 4, 4))
    places = random.integers(0, 9, (count, 2))
    flips = random.random(count) < 0.5
    squares = random.integers(0, 32, (count, 2))
    result = torch.empty_like(images)
    for index in range(count):
        y, x = places[index]
        image = padded[index, :, y:y + 32, x:x + 32]
        result[index] = image.flip(2) if flips[index] else image
        y, x = squares[index]
        result[index, :, max(0, y - 4):y + 4, max(0, x - 4):x + 4] = 0
    return result


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("data", help="folder with train and test, each a folder a class")
    p.add_argument("--cpu-minutes", type=float, default=60)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--learning-rate", type=float, default=0.1)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    random = np.random.default_rng(a.seed)
    images, classes = read(os.path.join(a.data, "train"))
    test_images, test_classes = read(os.path.join(a.data, "test"))
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)

    def normalised(some):
        return (some.float() / 255 - mean) / deviation

    network = ResNet20().to(memory_format=torch.channels_last)

    def step(indices):
        batch = augment(normalised(images[indices]), random).to(memory_format=torch.channels_last)
        loss = F.cross_entropy(network(batch), classes[indices])
        loss.backward()
        return loss

    def judge():
        network.eval()
        right = 0
        with torch.no_grad():
            for first in range(0, len(test_images), 250):
                batch = normalised(test_images[first:first + 250]).to(memory_format=torch.channels_last)
                right += (network(batch).argmax(1) == test_classes[first:first + 250]).sum().item()
        network.train()
        return right / len(test_images)

    steps = len(images) // a.batch_size
    # What an epoch takes: by steps whose gradients are let go, behind some to warm up, and one look at the test images.
    state = {name: value.clone() for name, value in network.state_dict().items()}
    for _ in range(5):
        step(torch.randint(len(images), (a.batch_size,)))
    begin = cpu_minutes()
    for _ in range(40):
        step(torch.randint(len(images), (a.batch_size,)))
    epoch_minutes = (cpu_minutes() - begin) / 40 * steps
    begin = cpu_minutes()
    judge()
    epoch_minutes += cpu_minutes() - begin
    network.load_state_dict(state)
    network.zero_grad()
    epochs = max(1, int((a.cpu_minutes - cpu_minutes()) / epoch_minutes))
    optimiser = torch.optim.SGD(network.parameters(), lr=a.learning_rate, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, a.learning_rate, total_steps=epochs * steps, cycle_momentum=False)
    begin = time.time()
    for epoch in range(1, epochs + 1):
        losses = 0.0
        order = torch.randperm(len(images))
        for number in range(steps):
            optimiser.zero_grad()
            losses += step(order[number * a.batch_size:(number + 1) * a.batch_size]).item()
            nn.utils.clip_grad_norm_(network.parameters(), 5)
            optimiser.step()
            schedule.step()
        print(json.dumps({
            "epoch": epoch, "of": epochs, "cpu_minutes": round(cpu_minutes(), 2), "loss": round(losses / steps, 4),
            "test_accuracy": judge(), "seconds": round(time.time() - begin)}), flush=True)


main()
