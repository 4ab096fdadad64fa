"""The suite language: its keys and values, and how a suite file is read and checked."""
