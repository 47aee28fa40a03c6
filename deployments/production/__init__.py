"""Where Nightpress runs in production: an image, Docker Compose, Kubernetes."""
