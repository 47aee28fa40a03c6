"""What a draft is held to: checks. No Prefect."""
