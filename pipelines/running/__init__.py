"""Code that the commands share: lock and signals, waiting, progress, messages, exit statuses."""
