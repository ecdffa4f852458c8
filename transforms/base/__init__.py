"""What every stage uses: one recording at a time, unexpected errors, secrets, encryption, temporary files."""
