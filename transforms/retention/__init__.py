"""The end of what was published: sound that expires, recordings that are erased."""
