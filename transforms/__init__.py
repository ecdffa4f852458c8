"""The stages, one package each, and what they share."""

import os

# ONNX Runtime asks a server of its maker's as soon as it is imported, and keeps a database in the user's home. Nothing
# of a recording is in that, as far as is known; a job that runs where no recording leaves the network asks nobody.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
