"""What claims are compared with, and how: shared by witnesses."""
