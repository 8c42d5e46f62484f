"""Reports: what a run folder says, for people and for machines. Reads only the run folder."""
