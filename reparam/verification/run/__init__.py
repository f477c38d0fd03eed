"""A run: settings, its plan, and the processes that check."""
