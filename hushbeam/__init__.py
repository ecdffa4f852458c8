"""Hushbeam: scrubs personal data from archives of recorded speech, transcripts and audio.

In a checkout, `pipelines`, `transforms` and `schemas` are links to the folders of these names at the top. A wheel
and a source distribution hold the folders themselves (`setup.py`).
"""

__version__ = "0.1.0"
