"""One model call made safe and cheap. No Prefect."""
