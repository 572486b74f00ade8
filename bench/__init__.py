"""Benchmarks: our pipelines side by side with the plain ones, in one run, as ratios."""
