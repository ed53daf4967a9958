"""Side-by-side measurements: `python -m benchmarks [NAME ...]` prints ratios, each to a baseline of the same run."""
