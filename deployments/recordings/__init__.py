"""Recorded model calls, read from Parquet and served again by the simulator."""
