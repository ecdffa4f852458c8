"""What commands share while a run is under way: lock and signals, waiting, progress, messages, exit statuses."""
