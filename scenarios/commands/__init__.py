"""Commands of the command line that scenarios and the emulator offer; each module holds one."""
