"""Child processes that parse untrusted media: each holds one recording only, and can only reply to its worker."""
