"""How fast, on this machine: every figure beside the one that bounds it, measured in the same run. `make bench`."""
