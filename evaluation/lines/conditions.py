"""The conditions: what each is for a reader, and the steps that make it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from evaluation.lines import codecs, faults
from evaluation.lines.line import Line
from evaluation.lines.noises import NOISES, add_noise

SNRS_DB = (20, 15, 10, 5)
CLEAN = "clean"


@dataclass(frozen=True)
class Condition:
    """A way from a clean call to what a recorder gets of it.

    Attributes:
      aimed_at: The job shall be nearly as good in it as on clean calls: `evaluation.lines.table` says how good.
    """

    description: str
    steps: tuple[Callable[[Line], Line], ...] = ()
    aimed_at: bool = False

    def apply(self, line: Line) -> Line:
        """The call at the end of the line."""
        for step in self.steps:
            line = step(line)
        return line


def _noise(kind: str, snr_db: float) -> Callable[[Line], Line]:
    return partial(add_noise, kind=kind, snr_db=snr_db)


_ULAW = (codecs.telephone_band, partial(codecs.g711, law="ULAW"))
_ALAW = (codecs.telephone_band, partial(codecs.g711, law="ALAW"))

CONDITIONS: dict[str, Condition] = {
    CLEAN: Condition("as it is"),
    **{
        f"{kind}_{snr_db}db": Condition(
            f"{'music on hold' if kind == 'music' else kind}, {snr_db} dB", (_noise(kind, snr_db),), snr_db == 15
        )
        for kind in NOISES
        for snr_db in SNRS_DB
    },
    "ulaw": Condition("µ-law, 8 kHz, 300-3400 Hz", _ULAW),
    "alaw": Condition("A-law, 8 kHz, 300-3400 Hz", _ALAW),
    "ulaw_white_15db": Condition("µ-law with white noise, 15 dB", (_noise("white", 15), *_ULAW), aimed_at=True),
    "ulaw_street_15db": Condition("µ-law with street noise, 15 dB", (_noise("street", 15), *_ULAW), aimed_at=True),
    "gsm": Condition("GSM full rate", (codecs.telephone_band, codecs.gsm_full_rate), aimed_at=True),
    "amr_12k": Condition(
        "AMR-NB 12.2 kb/s", (codecs.telephone_band, partial(codecs.amr_nb, bit_rate=12_200)), aimed_at=True
    ),
    "amr_5k": Condition(
        "AMR-NB 4.75 kb/s", (codecs.telephone_band, partial(codecs.amr_nb, bit_rate=4_750)), aimed_at=True
    ),
    "opus_8k": Condition("Opus 8 kb/s", (partial(codecs.opus, bit_rate=8_000),), aimed_at=True),
    "mp3_16k": Condition("MP3 16 kb/s", (partial(codecs.mp3, bit_rate=16_000),)),
    "clipped": Condition("5 % of speech clipped", (partial(faults.clipped, share=0.05),)),
    "quiet": Condition("20 dB too low", (partial(faults.louder, gain_db=-20),)),
    "room": Condition("reverberation, 0.5 s", (partial(faults.reverberated, decay_s=0.5, direct_to_reverberant_db=3),)),
    "packet_loss": Condition("5 % of packets lost", (codecs.telephone_band, partial(faults.packets_lost, share=0.05))),
    "crosstalk": Condition("cross-talk at -20 dB", (partial(faults.crossed, level_db=-20),)),
    "one_channel": Condition("both sides in one channel", (faults.in_one_channel,)),
    "faster": Condition("10 % faster", (partial(faults.faster, tempo=1.1),)),
}
