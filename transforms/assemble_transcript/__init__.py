"""From the spans of a long recording to its whole transcript."""

from transforms.assemble_transcript.transform import AssembleTranscript

__all__ = ["AssembleTranscript"]
