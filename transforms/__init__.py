"""The stages, one package each, and what they share."""

import os

# ONNX Runtime contacts a server of its maker as soon as it is imported, and keeps a database in the user's home. As far
# as is known, these hold nothing of a recording; but a job must not contact servers that the user did not name.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
