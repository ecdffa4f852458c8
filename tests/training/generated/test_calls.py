"""Generated calls."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from evaluation.text import TEMPLATES
from training.generated.calls import TRAIN_TEMPLATES, CallGenerator, TemplateFile, read_templates
from training.generated.recogniser_noise import PERFECT

SPLITS = (TRAIN_TEMPLATES, TEMPLATES / "held_out.txt")


def turns(templates: TemplateFile) -> set[str]:
    domains = [*templates.domains, templates.everywhere]
    blocks = [b for domain in domains for b in (*domain.openings, *domain.exchanges, *domain.endings)]
    return {re.sub(r"\W+", " ", turn.text.lower()).strip() for block in blocks for turn in block}


def test_train_and_held_out_templates_share_no_domain_and_no_words() -> None:
    train, held_out = (read_templates(split) for split in SPLITS)
    assert not {domain.name for domain in train.domains} & {domain.name for domain in held_out.domains}
    for slot in train.vocabulary:
        assert not set(train.vocabulary[slot]) & set(held_out.vocabulary[slot])
    # A turn that is nothing but a value says the same in both.
    shared = {turn for turn in turns(train) & turns(held_out) if re.sub(r"\b\w+ \d\b", "", turn).count(" ") > 2}
    assert shared == set()


@pytest.mark.parametrize("split", SPLITS, ids=lambda path: path.stem)
def test_there_are_at_least_twelve_domains(split: Path) -> None:
    assert len(read_templates(split).domains) >= 12


@pytest.mark.parametrize("split", SPLITS, ids=lambda path: path.stem)
def test_the_same_seed_makes_the_same_calls(split: Path) -> None:
    templates = read_templates(split)
    first, second = (list(CallGenerator(templates, seed=7).calls(26)) for _ in range(2))
    assert first == second
    assert first != list(CallGenerator(templates, seed=8).calls(26))


def test_entities_are_words_of_one_utterance_and_no_word_has_two() -> None:
    for call in CallGenerator(read_templates(TRAIN_TEMPLATES), seed=1).calls(60):
        words = call.transcript.words
        utterance_of = [number for number, utterance in enumerate(call.transcript.utterances) for _ in utterance.words]
        seen: set[int] = set(call.neutral)
        for entity in call.entities:
            assert entity.words
            assert max(entity.words) < len(words)
            assert len({utterance_of[word] for word in entity.words}) == 1
            assert not seen & set(entity.words)
            seen |= set(entity.words)


def test_words_follow_each_other_in_time() -> None:
    for call in CallGenerator(read_templates(TRAIN_TEMPLATES), seed=2).calls(20):
        words = call.transcript.words
        assert all(before.end_s <= after.start_s + 1e-9 for before, after in pairwise(words))
        assert words[-1].end_s <= call.transcript.duration_s


def test_without_noise_a_value_is_the_same_wherever_it_is_repeated(tmp_path: Path) -> None:
    path = tmp_path / "templates.txt"
    path.write_text(
        "domain any\nexchange\nA: Hi {first/1}.\ndomain desk\nopen\nA: Hello.\nexchange\n"
        "A: Number?\nB: {phone/1}.\nA: {phone/1}?\nend\nB: Bye.\n",
        encoding="utf-8",
    )
    for call in CallGenerator(read_templates(path), seed=3, noise=PERFECT).calls(30):
        words = call.transcript.words
        said = ["".join(words[n].text for n in e.words) for e in call.entities if e.policy == "phone_number"]
        digits = "".join(re.findall(r"\d", "".join(said)))
        if len(said) == 2 and len(digits) == 20:
            assert digits[:10] == digits[10:]


def test_bracketed_words_are_neutral(tmp_path: Path) -> None:
    path = tmp_path / "templates.txt"
    path.write_text(
        "domain any\nexchange\nA: Okay.\n"
        "domain desk\nopen\nA: It is [nine dollars] now.\nexchange\nA: Yes.\nend\nB: Bye.\n",
        encoding="utf-8",
    )
    call = next(CallGenerator(read_templates(path), seed=1, noise=PERFECT).calls(1))
    assert [call.transcript.words[number].text for number in sorted(call.neutral)] == [" nine", " dollars"]


def test_an_unknown_slot_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "templates.txt"
    path.write_text("domain desk\nopen\nA: Hello {shoe_size}.\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"line 3.*shoe_size"):
        read_templates(path)
