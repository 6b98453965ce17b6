"""Tasks on Spark: a session, the project's tables as frames and views, and what a task returns taken from Spark."""
