"""One pass over the conversations: other values, another style, what rules find, and the tokens of it all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from hushbeam.schemas.policies import CATALOGUE
from hushbeam.transforms.detect_pii.detector import Detector
from hushbeam.transforms.detect_pii.models.windows import NO_WORD, Numbers, of_words, tokenise
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from training.conversations import Mark, Pair
from training.examples import PLAIN, Example, Mention, Style, example, random_style
from training.generated.calls import TRAIN_TEMPLATES, CallGenerator, TemplateFile, read_templates
from training.sparse import is_innocent, spliced
from training.values import Replacement, read_misheard

NOTHING = "nothing"
LABELS = (NOTHING, *sorted(CATALOGUE))
"""Labels of tokens, and of what rules found, by number."""
FIRST_TOKEN = 101
"""Number of [CLS] in the vocabulary, which begins every window."""
WINDOW_TOKENS = 384
"""Of a window, in training and in use."""
_SHORTEST_WINDOW = 24
Number = TypeVar("Number", np.int32, np.float32)
_NUMBERS = {label: number for number, label in enumerate(LABELS)}


@dataclass(frozen=True)
class Tokens:
    """The tokens of one example, with their labels. All arrays have one number a token.

    Attributes:
      counts: 1 where the label is known, 0 where the words are optional or no words.
      words: Number of the word, or -1.
    """

    tokens: Numbers
    channels: Numbers
    rules: Numbers
    labels: Numbers
    counts: NDArray[np.float32]
    words: Numbers


class Tokeniser:
    """Makes tokens of examples. Not safe for threads."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._detector = Detector(DetectionSettings())
        self._detector.load_rules()

    def tokens(self, one: Example, with_rules: bool = True) -> Tokens:
        """The tokens of an example."""
        conversation = tokenise(one.transcript, self._tokenizer)
        words = len(one.transcript.words)
        labels = np.zeros(words, np.int32)
        counts = np.ones(words, np.int32)
        for mention in one.mentions:
            for word in mention.words:
                labels[word] = _NUMBERS[mention.mark.policy]
                counts[word] = not mention.mark.optional
        rules = np.zeros(words, np.int32)
        if with_rules:
            rules[:] = [_NUMBERS[policy or NOTHING] for policy in self._detector.rules_of(one.transcript)]
        return Tokens(
            conversation.tokens,
            conversation.channels,
            of_words(rules, conversation),
            of_words(labels, conversation),
            of_words(counts, conversation).astype(np.float32),
            conversation.words,
        )


@dataclass(frozen=True)
class Augmentation:
    """How often an example differs from what was written.

    Attributes:
      replaced: Share of conversations with other values.
      written: Share of conversations in the form that a recogniser writes.
      without_rules: Share of conversations in which the model does not see what rules found.
      generated: Calls from templates, for each written conversation.
      sparse: Conversations with few turns of personal data, for each written one: see `training.sparse`.
    """

    replaced: float = 0.75
    written: float = 0.55
    without_rules: float = 0.15
    generated: float = 0.1
    sparse: float = 0.2


def augmented(
    pair: Pair,
    random: Random,
    augmentation: Augmentation,
    misheard: Mapping[str, Sequence[str]],
) -> Example:
    """A conversation with other values, in either form, in a random style."""
    written = random.random() < augmentation.written
    conversation = pair[written]
    if random.random() < augmentation.replaced:
        replacement = Replacement(random, conversation.language, misheard if written else None)
        conversation = replacement.conversation(conversation)
    return example(conversation, random_style(random, conversation.channels), random)


def generated(templates: TemplateFile, seed: int) -> Example:
    """A call from templates: see `training.generated`."""
    domain = templates.domains[seed % len(templates.domains)]
    call = CallGenerator(templates, seed).call(domain, 0)
    mentions = [Mention(Mark(entity.policy), entity.words) for entity in call.entities]
    # What may be redacted or not is of no policy here: any one will do.
    mentions += [Mention(Mark("date", optional=True), (word,)) for word in sorted(call.neutral)]
    return Example("templates", call.name, call.transcript, tuple(mentions))


def as_written(pair: Pair, form: int) -> Example:
    """A conversation as it is written: form 0 is the spoken one, 1 the recogniser's."""
    return example(pair[form], PLAIN if form == 0 else Style(pieces=True), Random(0))


class _Worker:
    """State of a process."""

    tokeniser: Tokeniser
    misheard: Mapping[str, Sequence[str]]
    templates: TemplateFile


def _start(folder: Path) -> None:
    _Worker.tokeniser = Tokeniser(folder)
    _Worker.misheard = read_misheard()
    _Worker.templates = read_templates(TRAIN_TEMPLATES)


def _augment(
    task: tuple[Pair | None, int, Augmentation],
) -> Tokens:
    pair, seed, augmentation = task
    random = Random(seed)
    if pair is None:
        made = generated(_Worker.templates, seed)
    else:
        made = augmented(pair, random, augmentation, _Worker.misheard)
    return _Worker.tokeniser.tokens(made, with_rules=random.random() >= augmentation.without_rules)


class Passes:
    """Makes passes over conversations in processes beside the training."""

    def __init__(self, folder: Path, processes: int) -> None:
        self._pool = get_context("spawn").Pool(processes, _start, (folder,))

    def one(
        self,
        conversations: Sequence[Pair],
        seed: int,
        augmentation: Augmentation,
    ) -> Iterator[Tokens]:
        """One pass over conversations, in their order, then sparse ones, and generated calls."""
        random = Random(seed)
        innocent = [pair for pair in conversations if is_innocent(pair[0])]
        full = {
            language: [pair for pair in conversations if pair[0].language == language and not is_innocent(pair[0])]
            for language in {pair[0].language for pair in innocent}
        }
        hosts = random.choices(innocent, k=round(len(conversations) * augmentation.sparse)) if innocent else []
        sparse = [spliced(host, random.choice(full[host[0].language]), random) for host in hosts]
        calls = [None] * round(len(conversations) * augmentation.generated)
        tasks = [(pair, random.getrandbits(48), augmentation) for pair in (*conversations, *sparse, *calls)]
        return self._pool.imap(_augment, tasks, chunksize=4)

    def close(self) -> None:
        self._pool.terminate()


class Window(NamedTuple):
    """Tokens of one window, each array padded to the same size."""

    tokens: Numbers
    channels: Numbers
    rules: Numbers
    labels: Numbers
    counts: NDArray[np.float32]
    mask: Numbers


def cut(passed: Iterable[Tokens], size: int, random: Random) -> list[Window]:
    """Cuts a pass into windows of `size` tokens at random places, in random order."""
    made = []
    body = size - 1
    for one in passed:
        start = -random.randrange(body // 2) if len(one.tokens) > body else 0
        while start < len(one.tokens):
            part = slice(max(0, start), min(len(one.tokens), start + body))
            if part.stop - part.start >= _SHORTEST_WINDOW:
                made.append(_padded(one, part, size))
            start += body
    random.shuffle(made)
    return made


def _padded(one: Tokens, part: slice, size: int) -> Window:
    def padded(values: NDArray[Number], before: int = 0) -> NDArray[Number]:
        full = np.zeros(size, values.dtype)
        full[0] = before
        full[1 : 1 + part.stop - part.start] = values[part]
        return full

    return Window(
        padded(one.tokens, FIRST_TOKEN),
        padded(one.channels),
        padded(one.rules),
        padded(one.labels),
        padded(one.counts * (one.words != NO_WORD).astype(np.float32)),
        padded(np.ones(len(one.tokens), np.int32), 1),
    )
