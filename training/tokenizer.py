"""A CLIP tokenizer over this model's own words: each is one token, any other word falls apart into shorter pieces."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from studio.builtin_model.location import training_cache
from training.captions import (
    COLOUR_WORDS,
    FILLERS,
    KIND_WORDS,
    OBJECT_WORDS,
    PLACE_WORDS,
    STYLE_WORDS,
)

MAX_TOKENS = 77
START, END = "<|startoftext|>", "<|endoftext|>"
GRAMMAR = (
    "a an the of in on at with and under beneath against to wearing style picture image sky background hair shirt "
    "clothes shapes , . person people cat dog bird night day sunset dawn light art painting drawing no low quality "
    "bad ugly blurry worst deformed"
)


def words() -> list[str]:
    """Every word that captions use, sorted."""
    tables = (COLOUR_WORDS, KIND_WORDS, OBJECT_WORDS, PLACE_WORDS, STYLE_WORDS)
    phrases = itertools.chain([GRAMMAR, *FILLERS], *(itertools.chain(*table.values()) for table in tables))
    return sorted({piece for phrase in phrases for word in phrase.split() for piece in _split(word)})


def training_tokenizer() -> CLIPTokenizer:
    """The tokenizer of the training cache, written on first use; training workers share it."""
    folder = training_cache() / "tokenizer"
    if not (folder / "tokenizer_config.json").exists():
        return write_tokenizer(folder)
    return CLIPTokenizer.from_pretrained(folder)


def write_tokenizer(folder: Path) -> CLIPTokenizer:
    """Learn the merges that make each known word one token; write CLIP's vocab.json and merges.txt; load them back."""
    folder.mkdir(parents=True, exist_ok=True)
    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    bpe.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(vocab_size=30000, min_frequency=1, end_of_word_suffix="</w>", show_progress=False)
    bpe.train_from_iterator(sorted(words()), trainer)
    merges = [tuple(pair) for pair in json.loads(bpe.to_str())["model"]["merges"]]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in merges)]
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys([*tokens, START, END]))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tokenizer = CLIPTokenizer(
        str(folder / "vocab.json"),
        str(folder / "merges.txt"),
        unk_token=END,
        bos_token=START,
        eos_token=END,
        pad_token=END,
        model_max_length=MAX_TOKENS,
    )
    tokenizer.save_pretrained(folder)
    return CLIPTokenizer.from_pretrained(folder)


def _split(word: str) -> list[str]:
    """CLIP keeps letters, single digits and punctuation apart."""
    pieces, run = [], ""
    for character in word.lower():
        if character.isalpha():
            run += character
            continue
        pieces += [run, character]
        run = ""
    return [piece for piece in (*pieces, run) if piece]
