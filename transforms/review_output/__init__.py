"""Review page: a person checks published recordings, worst first, and corrects their muted spans."""

from hushbeam.transforms.review_output.catalogue import Catalogue
from hushbeam.transforms.review_output.server import ReviewServer

__all__ = ["Catalogue", "ReviewServer"]
