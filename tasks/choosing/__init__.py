"""Which model works a step: needs, estimates learnt from past runs, cost, compatibility, cascades. No Prefect."""
