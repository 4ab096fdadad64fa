"""A folder of the name that many projects use."""
