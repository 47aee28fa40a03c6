"""Tests, benchmarks, and measurements on recorded answers."""

import os

# Before numpy is imported. Our matrices are small, and beside other work its threads wait for one another: 20 times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
