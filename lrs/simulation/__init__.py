"""A made-up cohort that learns through HTTP like a content package, for `lrs demo` and the benchmarks."""
