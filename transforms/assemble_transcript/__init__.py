"""Joins the spans of long recordings into whole transcripts."""

from hushbeam.transforms.assemble_transcript.transform import AssembleTranscript

__all__ = ["AssembleTranscript"]
