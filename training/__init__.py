"""Makes the packaged detection model from written conversations. Development only: it is not part of the package."""
