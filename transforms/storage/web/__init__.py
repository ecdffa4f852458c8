"""Files on web servers, and connections to addresses that are allowed.

The author of a manifest chooses URLs, and the job runs inside the operator's network: `addresses` has the guard that
sources and webhooks share, `connection` connects to checked addresses only, `client` reads files.
"""
