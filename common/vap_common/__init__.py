"""What two or more VAP services share, and nothing else."""
