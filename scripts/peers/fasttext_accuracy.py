#!/usr/bin/env python3
"""Accuracy of fastText on IMDB with the settings that README compares: fasttext_accuracy.py TEXTS

TEXTS is what make-text wrote. Beside it:
    nlptool train TEXTS/labelled.txt --test TEXTS/labelled.test.txt --model bag --unit whitespace --learning-rate 0.5
"""
import os
import sys

import fasttext

fasttext.FastText.eprint = lambda *arguments, **names: None
texts = sys.argv[1]
for settings in ({"wordNgrams": 1}, {"wordNgrams": 2}, {"wordNgrams": 2, "lr": 0.5}):
    model = fasttext.train_supervised(os.path.join(texts, "labelled.txt"), dim=100, thread=1, verbose=0, **settings)
    print(settings, round(100 * model.test(os.path.join(texts, "labelled.test.txt"))[1], 2), flush=True)
