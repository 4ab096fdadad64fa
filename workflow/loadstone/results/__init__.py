"""The files of `results/`: one module for each, with the model by which it is written and read."""
