"""Two commits of one service under the same load, run by run in turn, and whether the second is slower."""
