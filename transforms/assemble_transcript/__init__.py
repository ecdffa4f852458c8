"""From the spans of a long recording to its whole transcript."""

from hushbeam.transforms.assemble_transcript.transform import AssembleTranscript

__all__ = ["AssembleTranscript"]
