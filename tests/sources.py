"""Sources as a job without options reads them."""

from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.sources.read import Sources
from hushbeam.transforms.sources.settings import SourceSettings

SOURCES = Sources(SourceSettings(), MediaLimits())
"""Web servers at public addresses, by https."""
