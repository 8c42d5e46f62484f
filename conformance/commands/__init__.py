"""The commands about conformance; the front door puts them into the command line."""
