"""Personal data in text and in transcripts that you have already: no audio, no files, no pipeline.

python examples/detect_text.py
"""

from __future__ import annotations

import hushbeam

CONVERSATION = """\
Agent: Could I have your card number, please?
Customer: It's four five three nine, one four eight eight,
Customer: oh three four three, six four six seven.
Agent: Thank you, Mrs Lopez."""

UTTERANCES = [
    {"speaker": "A", "text": "Which number can we call you back on?"},
    {"speaker": "B", "text": "It's 614-555-0142, ask for Daniel."},
]


def main() -> None:
    """Prints what is found in both, and the redacted conversation."""
    for finding in hushbeam.find_personal_data(CONVERSATION, policies=["pci", "person_name"]):
        print(finding.policy, finding.start, finding.end, round(finding.score, 2))
    print(hushbeam.redact_text(CONVERSATION, policies=["pci", "person_name"]))
    for finding in hushbeam.find_personal_data(UTTERANCES):
        said = UTTERANCES[finding.utterance]["text"]
        print(finding.policy, "in", said[: finding.start] + f"[{finding.label}]" + said[finding.end :])


if __name__ == "__main__":
    main()
