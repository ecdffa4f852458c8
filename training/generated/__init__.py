"""Calls made from dialogue templates, to train the model on, and for `evaluation.text` to measure detection on."""
