"""What the patterns are worth on what real models answered: `python -m tests.outcomes` (issue 6)."""

import os

# Many small sums: threads only wait for one another. Counts for numpy as it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
