"""Combines two readings of a conversation by the model: with much around each word, and with little.

The conversations that the model was trained on are full of personal data or have none. So the first reading passes over
a value that is said once in a conversation without any other, however plain it is to who reads only what stands beside
it. The second reading finds it. And a doubtful word far from anything certain, which is nothing to the second reading,
is left: mostly a misheard one.

Measured on authors whom the model had not seen: of mentions in four turns that were put into a conversation without
personal data, 0.30 had a redacted word with one reading and 0.68 have one with both. Over-redaction of conversations
without personal data: 0.0038 to 0.0059 as a recogniser writes them, 0.0081 to 0.0106 with numbers as words, most of it
in bingo calls, codes of parts and the like. In recordings of people, words alone: 22 to 15 false positives an hour,
over-redaction 0.023 to 0.019. Of the entities there, on the telephone and in practice calls, none is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.policies import broader, resolve_policies

Probabilities = NDArray[np.float32]
"""Of each label (columns, the first of which is nothing) for each word (rows)."""

CLOSE_TOKENS = 96
CLOSE_STRIDE_TOKENS = 48
"""Tokens that are read together in the second reading, about 65 words, and from one window to the next. With 192 and
128, 0.45 of those mentions have a redacted word."""

_PLAIN = 0.97
"""From here on the second reading finds what the first passed over. From 0.95 on: 0.70 of those mentions, and
over-redaction of 0.0067 and 0.0114."""
_LEAST = 0.005
"""What is personal data with less probability in the first reading stays nothing."""
_FOUND = 0.45
"""Probability of what the second reading finds: it is redacted, but low caution keeps it, and nothing is looked for
elsewhere because of it."""
_NOT_FOUND = "number_sequence"
"""A number of no other kind is personal data by what is said around it: half of the words that the second reading would
redact in conversations without personal data, and one in thirteen of the mentions."""

_DOUBTFUL = 0.6
"""The first reading doubts what has a smaller probability, and is certain of the rest."""
_UNSUPPORTED = 0.1
"""What has a smaller probability in the second reading, with the words beside it, is not supported by it."""
_KEPT = 0.3
"""Share of its probability that a doubtful word without support keeps: enough where personal data is expected, not by
itself."""
_AROUND_WORDS = 25
"""With certain words so near, a doubtful word is left as it is: the second reading may not see what supports it."""
_DOUBTED = frozenset(resolve_policies(("default",)))
"""Policies of doubtful words. Those of most words of a conversation (amounts, dates, organisations) are not among
them: nothing would ever be far from anything certain."""


def combined(wide: Probabilities, close: Probabilities, labels: Sequence[str]) -> Probabilities:
    """The probabilities after both readings.

    Args:
      wide: Those of the first reading.
      close: Those of the second, with little around each word.
      labels: Of the columns.
    """
    of_wide, of_close = 1.0 - wide[:, 0], 1.0 - close[:, 0]
    found = (of_close >= _PLAIN) & (of_wide >= _LEAST) & (of_wide < _FOUND)
    if _NOT_FOUND in labels:
        found &= close.argmax(axis=1) != labels.index(_NOT_FOUND)
    result = wide.copy()
    result[found] = close[found] * (_FOUND / of_close[found])[:, None]
    doubted = [number for number, label in enumerate(labels) if not _DOUBTED.isdisjoint((label, *broader(label)))]
    likely, supported = result[:, doubted].sum(axis=1), close[:, doubted].sum(axis=1)
    is_doubtful = (_largest_near(likely, _AROUND_WORDS) < _DOUBTFUL) & (_largest_near(supported, 1) < _UNSUPPORTED)
    result[np.ix_(np.flatnonzero(is_doubtful), np.array(doubted, dtype=np.intp))] *= _KEPT
    result[:, 0] = 1.0 - result[:, 1:].sum(axis=1)
    return result


def _largest_near(values: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """The largest of each value and those at most so many places away."""
    padded = np.pad(values, reach)
    largest: NDArray[np.float32] = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    return largest
