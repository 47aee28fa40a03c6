"""What is configured once, in Prefect."""
