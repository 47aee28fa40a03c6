"""The store: file system, schemas, parts, records, manifests, request tables. No Prefect."""
