"""From stored measurements to tables: pure computation, repeatable years later on another machine."""
