"""Special functions that SciPy lacks, or whose tails it gives up."""
