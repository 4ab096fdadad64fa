"""What takes long: run by `make soak`."""
