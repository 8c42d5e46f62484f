"""The benchmarks: speed and memory as ratios against a floor of the same run, started with `python -m benchmarks`."""
