"""Reading a store back: a script for analysts."""
