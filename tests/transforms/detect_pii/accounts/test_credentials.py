"""Passwords and other secrets in written lines: one recogniser."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.accounts.credentials import Credentials
from tests.transforms.detect_pii.conversations import Marked, plain

CREDENTIALS = Credentials()


@pytest.mark.parametrize(
    ("policy", "call"),
    [
        ("password", "B: My password is [capital B lowercase LUE, moon, exclamation point 2019.]"),
        ("password", "A: The wifi?\nB: The password's [marmalade, dash, nineteen seventy two.]"),
        ("password", "B: The sticker says [small q, capital T, nine, dash, mule, dash, forty four.]"),
        ("password", "A: The second and fifth letters of your memorable word?\nB: [R and N.]"),
        ("password", "A: Your temporary password is [Tiger47Blue.] Please change it."),
        (
            "password",
            "A: The old password?\nB: It was [Sunflower.]\nA: And the new one?\nB: Let's use [moon 427 hash,] thanks.",
        ),
        ("password", "A: What was your first pet?\nA: Take your time.\nB: [Biscuit.]"),
        ("password", "A: Your mother's maiden name?\nB: [Fitzgerald.]"),
        ("password", "A: For security, what is your favorite color?\nB: [Green.]"),
        ("password", "B: I forgot my password. I think it was [Blue dragon 7.]"),
        ("username", "A: What's your username?\nB: It's [Jay Miller 84,] yes."),
        ("username", "B: I log in as [kfoster 88] there."),
    ],
)
def test_what_follows_an_announcement_or_answers_a_question_is_secret(marked: Marked, policy: str, call: str) -> None:
    assert marked(CREDENTIALS, plain(call), policy) == call


@pytest.mark.parametrize(
    "call",
    [
        "A: Your password has expired.\nB: Okay.",
        "A: The password must have at least eight characters.",
        "A: I can reset your password.\nB: That would be great.",
        "B: My first car was expensive to run.",
        "A: What is your password?\nB: I don't remember.",
        "A: You only need to log in once. Have a good day.\nB: Thanks, bye.",
        "B: My favorite color is green.",
    ],
)
def test_talk_about_passwords_is_no_password(marked: Marked, call: str) -> None:
    assert marked(CREDENTIALS, call) == call
