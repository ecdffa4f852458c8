"""What a run reports: progress, from the counts of its stages or the metrics of a cluster, and its result."""
