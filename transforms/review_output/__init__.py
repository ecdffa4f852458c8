"""The review page: a person looks through what was published, worst first, and says what is wrong."""

from hushbeam.transforms.review_output.catalogue import Catalogue
from hushbeam.transforms.review_output.server import ReviewServer

__all__ = ["Catalogue", "ReviewServer"]
