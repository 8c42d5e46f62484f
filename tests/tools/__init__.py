"""Tools of the developers; nothing at run time needs them."""
