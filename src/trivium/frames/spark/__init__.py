"""Frames of Spark: Parquet files in, Parquet files out; rows do not go through this process one by one."""
