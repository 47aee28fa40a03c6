"""What a run leaves behind: outputs, metrics. No Prefect."""
