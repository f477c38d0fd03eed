"""What distributions and draws are."""
